//! Hashes bytes as Envoy does for consistent hashing.

use twox_hash::XxHash64;

use crate::config::model::cluster::HashFunction;

/// The hash of a key, and of a point on a ring.
pub fn hash(function: HashFunction, bytes: &[u8]) -> u64 {
    match function {
        HashFunction::XxHash => xxhash64(bytes),
        HashFunction::MurmurHash2 => murmur2(bytes),
    }
}

/// xxHash, 64 bits, seed 0: what Envoy hashes requests with, whatever the ring is made by.
pub fn xxhash64(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

/// `MurmurHash2`, 64 bits, with the seed of libstdc++'s `std::hash`.
pub fn murmur2(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0xc70f_6907;
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    let mix = |value: u64| value ^ (value >> 47);
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut hash = SEED ^ length.wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let data = mix(u64::from_le_bytes(*word).wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
        hash = (hash ^ data).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
    mix(mix(hash).wrapping_mul(FACTOR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_published_ones() {
        assert_eq!(xxhash64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxhash64(b"foo"), 3_728_699_739_546_630_719);
        assert_eq!(murmur2(b"foo"), 9_631_199_822_919_835_226);
        assert_eq!(murmur2(b"bar"), 11_474_628_671_133_349_555);
    }
}
