
use builtin;
use str;

set edit:completion:arg-completer[meshctl] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'meshctl'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'meshctl'= {
            cand --color 'When to use colour'
            cand -q 'Report nothing but errors'
            cand --quiet 'Report nothing but errors'
            cand -v 'Report more'
            cand --verbose 'Report more'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand inject 'Add the sidecar to every workload of a manifest'
            cand uninject 'Take the sidecar out of every workload of a manifest'
            cand completions 'Print the completion script of a shell'
            cand version 'Print the version and what it was built from'
        }
        &'meshctl;inject'= {
            cand -o 'Form of the result; patch is RFC 6902'
            cand --output 'Form of the result; patch is RFC 6902'
            cand --report 'Report in a form for machines'
            cand --report-file 'Write that report to a file'
            cand --on-skip 'What a skipped workload means; fail writes nothing and exits with 5'
            cand --only 'Only this resource, such as deploy/web; either side may be *; may be repeated'
            cand --exclude 'Not this resource; either side may be *; may be repeated'
            cand --template-path 'Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template'
            cand --annotate 'Also annotate these, with the settings given as flags'
            cand --proxy 'Which proxy runs beside the application [default: mesh-proxy]'
            cand --sidecar 'How the sidecar runs: native (Kubernetes 1.29 and later) or as one more container [default: native]'
            cand --intercept 'How traffic reaches the sidecar: rules set by an init container, or HTTP_PROXY (none, outbound only) [default: init]'
            cand --skip-inbound-ports 'Ports whose incoming connections never enter the sidecar, such as 22,8000-8100 [default: none]'
            cand --skip-outbound-ports 'Ports whose outgoing connections never enter the sidecar, such as 22,8000-8100 [default: none]'
            cand --skip-outbound-cidrs 'Destinations that never enter the sidecar, such as 169.254.169.254,10.0.0.0/8,fd00::/8 [default: none]'
            cand --opaque-ports 'Ports carried as bytes without looking at them, for servers that speak first [default: 25,110,143,587,3306,4444,9300,11211]'
            cand --plaintext-ports 'Ports open to plaintext although mTLS is strict, such as one that is scraped [default: none]'
            cand --egress 'Namespaces and services that the pod calls: namespace, namespace/service or * [default: the pod''s own namespace]'
            cand --mtls 'Whether the pod still takes plaintext: permissive or strict [default: permissive]'
            cand --rewrite-probes 'Send tcpSocket probes to the sidecar, which dials the application itself [default: false]'
            cand --proxy-uid 'The user and group that the sidecar runs as; nothing else in the pod may run as it [default: 1337]'
            cand --proxy-image 'The image of mesh-proxy, which also holds init and agent [default: mesh-proxy:0.1.0]'
            cand --proxy-cpu-request 'CPU that the proxy asks for, such as 10m [default: 10m (envoy: 100m)]'
            cand --proxy-cpu-limit 'CPU that the proxy may use, such as 500m [default: none]'
            cand --proxy-memory-request 'Memory that the proxy asks for, such as 20Mi [default: 20Mi (envoy: 128Mi)]'
            cand --proxy-memory-limit 'Memory beyond which the proxy is killed, such as 128Mi [default: none]'
            cand --log-level 'The least severe message that the sidecar logs [default: warning]'
            cand --concurrency 'Worker threads of the proxy, 0 to 256; 0 is one for each CPU of the node [default: 1 (envoy: 2)]'
            cand --drain-seconds 'How long a stopping sidecar lets requests finish, at most the pod''s grace period less 5 s [default: 20]'
            cand --trust-domain 'The trust domain of every identity'
            cand --control-plane-namespace 'The namespace of the control plane'
            cand --discovery-address 'Where discovery is served, as HOST:PORT'
            cand --ca-address 'Where certificates are signed, as HOST:PORT'
            cand --server-name 'The DNS name that the control plane must prove'
            cand --token-audience 'The audience of the token that is shown to the control plane'
            cand --trust-bundle-config-map 'The ConfigMap of each namespace with the trust bundle'
            cand --trust-bundle-key 'The key of the trust bundle in that ConfigMap'
            cand --ip-families 'Which addresses pods have: dual, ipv4 or ipv6'
            cand --color 'When to use colour'
            cand -i 'Write each changed file back in place of printing it'
            cand --in-place 'Write each changed file back in place of printing it'
            cand --diff 'Print a unified diff instead of the manifest'
            cand --check 'Write nothing; exit with 4 if something would change'
            cand --explain 'Print what changes and why, in words, instead of the manifest'
            cand -k 'Leave out what cannot be edited and write the rest'
            cand --keep-going 'Leave out what cannot be edited and write the rest'
            cand -q 'Report nothing but errors'
            cand --quiet 'Report nothing but errors'
            cand -v 'Report more'
            cand --verbose 'Report more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshctl;uninject'= {
            cand -o 'Form of the result; patch is RFC 6902'
            cand --output 'Form of the result; patch is RFC 6902'
            cand --report 'Report in a form for machines'
            cand --report-file 'Write that report to a file'
            cand --on-skip 'What a skipped workload means; fail writes nothing and exits with 5'
            cand --only 'Only this resource, such as deploy/web; either side may be *; may be repeated'
            cand --exclude 'Not this resource; either side may be *; may be repeated'
            cand --template-path 'Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template'
            cand --color 'When to use colour'
            cand -i 'Write each changed file back in place of printing it'
            cand --in-place 'Write each changed file back in place of printing it'
            cand --diff 'Print a unified diff instead of the manifest'
            cand --check 'Write nothing; exit with 4 if something would change'
            cand --explain 'Print what changes and why, in words, instead of the manifest'
            cand -k 'Leave out what cannot be edited and write the rest'
            cand --keep-going 'Leave out what cannot be edited and write the rest'
            cand -q 'Report nothing but errors'
            cand --quiet 'Report nothing but errors'
            cand -v 'Report more'
            cand --verbose 'Report more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshctl;completions'= {
            cand --color 'When to use colour'
            cand -q 'Report nothing but errors'
            cand --quiet 'Report nothing but errors'
            cand -v 'Report more'
            cand --verbose 'Report more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshctl;version'= {
            cand -o 'How to print it'
            cand --output 'How to print it'
            cand --color 'When to use colour'
            cand -q 'Report nothing but errors'
            cand --quiet 'Report nothing but errors'
            cand -v 'Report more'
            cand --verbose 'Report more'
            cand -h 'Print help'
            cand --help 'Print help'
        }
    ]
    $completions[$command]
}
