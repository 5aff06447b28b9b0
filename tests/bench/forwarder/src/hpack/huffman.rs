//! Decodes HPACK's Huffman code four bits at a time.

/// The lengths of the codes of RFC 7541, appendix B, which is canonical; the last is the end mark.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28,
    30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8,
    6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
    5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23,
    23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24,
    21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
    20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24,
    26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const END_MARK: usize = 256;

/// What four more bits lead to.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    node: u16,
    symbol: Option<u8>,
    invalid: bool,
}

/// The decoder's automaton: a row of 16 steps for each inner node of the code's tree.
#[derive(Debug)]
pub(crate) struct Huffman {
    steps: Vec<[Step; 16]>,
    /// Whether a string may end here: only fewer than eight ones may be left over.
    accepting: Vec<bool>,
}

/// A string that is not of the code.
#[derive(Debug)]
pub(crate) struct BadCode;

#[derive(Clone, Copy, Debug)]
enum Child {
    None,
    Node(u16),
    Symbol(usize),
}

impl Huffman {
    /// Builds the automaton.
    pub(crate) fn new() -> Self {
        let tree = tree();
        let steps = (0..tree.len())
            .map(|node| std::array::from_fn(|nibble| walk(&tree, node, nibble)))
            .collect();
        let mut accepting = vec![false; tree.len()];
        let mut node = 0;
        for _ in 0..8 {
            accepting[node] = true;
            match tree[node][1] {
                Child::Node(next) => node = usize::from(next),
                _ => break,
            }
        }
        Self { steps, accepting }
    }

    /// Decodes `input` behind `out`.
    pub(crate) fn decode(&self, input: &[u8], out: &mut Vec<u8>) -> Result<(), BadCode> {
        let mut node = 0;
        for &byte in input {
            for nibble in [byte >> 4, byte & 15] {
                let step = self.steps[node][usize::from(nibble)];
                if step.invalid {
                    return Err(BadCode);
                }
                if let Some(symbol) = step.symbol {
                    out.push(symbol);
                }
                node = usize::from(step.node);
            }
        }
        if self.accepting[node] {
            Ok(())
        } else {
            Err(BadCode)
        }
    }
}

/// The code's tree: the root first, every inner node with what a 0 and a 1 lead to.
fn tree() -> Vec<[Child; 2]> {
    let mut order: Vec<usize> = (0..LENGTHS.len()).collect();
    order.sort_by_key(|&symbol| (LENGTHS[symbol], symbol));
    let mut tree = vec![[Child::None; 2]];
    let (mut code, mut previous) = (0u32, LENGTHS[order[0]]);
    for symbol in order {
        let length = LENGTHS[symbol];
        code <<= length - previous;
        previous = length;
        let mut node = 0;
        for bit in (1..length)
            .rev()
            .map(|shift| usize::from(code >> shift & 1 == 1))
        {
            node = if let Child::Node(next) = tree[node][bit] {
                usize::from(next)
            } else {
                let next = tree.len();
                tree.push([Child::None; 2]);
                tree[node][bit] = Child::Node(u16::try_from(next).unwrap_or(0));
                next
            };
        }
        tree[node][usize::from(code & 1 == 1)] = Child::Symbol(symbol);
        code += 1;
    }
    tree
}

fn walk(tree: &[[Child; 2]], start: usize, nibble: usize) -> Step {
    let mut step = Step::default();
    let mut node = start;
    for bit in (0..4).rev().map(|shift| nibble >> shift & 1) {
        match tree[node][bit] {
            Child::Node(next) => node = usize::from(next),
            Child::Symbol(END_MARK) | Child::None => {
                return Step {
                    invalid: true,
                    ..step
                };
            }
            Child::Symbol(symbol) => {
                step.symbol = u8::try_from(symbol).ok();
                node = 0;
            }
        }
    }
    Step {
        node: u16::try_from(node).unwrap_or(0),
        ..step
    }
}
