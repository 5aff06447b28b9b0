# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_meshctl_global_optspecs
    string join \n color= q/quiet v/verbose h/help V/version
end

function __fish_meshctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_meshctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_meshctl_using_subcommand
    set -l cmd (__fish_meshctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c meshctl -n "__fish_meshctl_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshctl -n "__fish_meshctl_needs_command" -s q -l quiet -d 'Report nothing but errors'
complete -c meshctl -n "__fish_meshctl_needs_command" -s v -l verbose -d 'Report more'
complete -c meshctl -n "__fish_meshctl_needs_command" -s h -l help -d 'Print help'
complete -c meshctl -n "__fish_meshctl_needs_command" -s V -l version -d 'Print version'
complete -c meshctl -n "__fish_meshctl_needs_command" -f -a "inject" -d 'Add the sidecar to every workload of a manifest'
complete -c meshctl -n "__fish_meshctl_needs_command" -f -a "uninject" -d 'Take the sidecar out of every workload of a manifest'
complete -c meshctl -n "__fish_meshctl_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c meshctl -n "__fish_meshctl_needs_command" -f -a "version" -d 'Print the version and what it was built from'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -s o -l output -d 'Form of the result; patch is RFC 6902' -r -f -a "yaml\t''
json\t''
patch\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l report -d 'Report in a form for machines' -r -f -a "json\t''
sarif\t''
github\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l report-file -d 'Write that report to a file' -r -F
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l on-skip -d 'What a skipped workload means; fail writes nothing and exits with 5' -r -f -a "warn\t''
fail\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l only -d 'Only this resource, such as deploy/web; either side may be *; may be repeated' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l exclude -d 'Not this resource; either side may be *; may be repeated' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l template-path -d 'Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l annotate -d 'Also annotate these, with the settings given as flags' -r -f -a "namespaces\t''
services\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy -d 'Which proxy runs beside the application [default: mesh-proxy]' -r -f -a "mesh-proxy\t''
envoy\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l sidecar -d 'How the sidecar runs: native (Kubernetes 1.29 and later) or as one more container [default: native]' -r -f -a "native\t''
container\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l intercept -d 'How traffic reaches the sidecar: rules set by an init container, or HTTP_PROXY (none, outbound only) [default: init]' -r -f -a "init\t''
none\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l skip-inbound-ports -d 'Ports whose incoming connections never enter the sidecar, such as 22,8000-8100 [default: none]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l skip-outbound-ports -d 'Ports whose outgoing connections never enter the sidecar, such as 22,8000-8100 [default: none]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l skip-outbound-cidrs -d 'Destinations that never enter the sidecar, such as 169.254.169.254,10.0.0.0/8,fd00::/8 [default: none]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l opaque-ports -d 'Ports carried as bytes without looking at them, for servers that speak first [default: 25,110,143,587,3306,4444,9300,11211]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l plaintext-ports -d 'Ports open to plaintext although mTLS is strict, such as one that is scraped [default: none]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l egress -d 'Namespaces and services that the pod calls: namespace, namespace/service or * [default: the pod\'s own namespace]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l mtls -d 'Whether the pod still takes plaintext: permissive or strict [default: permissive]' -r -f -a "permissive\t''
strict\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l rewrite-probes -d 'Send tcpSocket probes to the sidecar, which dials the application itself [default: false]' -r -f -a "true\t''
false\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy-uid -d 'The user and group that the sidecar runs as; nothing else in the pod may run as it [default: 1337]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy-image -d 'The image of mesh-proxy, which also holds init and agent [default: mesh-proxy:0.1.0]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy-cpu-request -d 'CPU that the proxy asks for, such as 10m [default: 10m (envoy: 100m)]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy-cpu-limit -d 'CPU that the proxy may use, such as 500m [default: none]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy-memory-request -d 'Memory that the proxy asks for, such as 20Mi [default: 20Mi (envoy: 128Mi)]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l proxy-memory-limit -d 'Memory beyond which the proxy is killed, such as 128Mi [default: none]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l log-level -d 'The least severe message that the sidecar logs [default: warning]' -r -f -a "trace\t''
debug\t''
info\t''
warning\t''
error\t''
critical\t''
off\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l concurrency -d 'Worker threads of the proxy, 0 to 256; 0 is one for each CPU of the node [default: 1 (envoy: 2)]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l drain-seconds -d 'How long a stopping sidecar lets requests finish, at most the pod\'s grace period less 5 s [default: 20]' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l trust-domain -d 'The trust domain of every identity' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l control-plane-namespace -d 'The namespace of the control plane' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l discovery-address -d 'Where discovery is served, as HOST:PORT' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l ca-address -d 'Where certificates are signed, as HOST:PORT' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l server-name -d 'The DNS name that the control plane must prove' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l token-audience -d 'The audience of the token that is shown to the control plane' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l trust-bundle-config-map -d 'The ConfigMap of each namespace with the trust bundle' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l trust-bundle-key -d 'The key of the trust bundle in that ConfigMap' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l ip-families -d 'Which addresses pods have: dual, ipv4 or ipv6' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -s i -l in-place -d 'Write each changed file back in place of printing it'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l diff -d 'Print a unified diff instead of the manifest'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l check -d 'Write nothing; exit with 4 if something would change'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -l explain -d 'Print what changes and why, in words, instead of the manifest'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -s k -l keep-going -d 'Leave out what cannot be edited and write the rest'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -s q -l quiet -d 'Report nothing but errors'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -s v -l verbose -d 'Report more'
complete -c meshctl -n "__fish_meshctl_using_subcommand inject" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -s o -l output -d 'Form of the result; patch is RFC 6902' -r -f -a "yaml\t''
json\t''
patch\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l report -d 'Report in a form for machines' -r -f -a "json\t''
sarif\t''
github\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l report-file -d 'Write that report to a file' -r -F
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l on-skip -d 'What a skipped workload means; fail writes nothing and exits with 5' -r -f -a "warn\t''
fail\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l only -d 'Only this resource, such as deploy/web; either side may be *; may be repeated' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l exclude -d 'Not this resource; either side may be *; may be repeated' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l template-path -d 'Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template' -r
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -s i -l in-place -d 'Write each changed file back in place of printing it'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l diff -d 'Print a unified diff instead of the manifest'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l check -d 'Write nothing; exit with 4 if something would change'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -l explain -d 'Print what changes and why, in words, instead of the manifest'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -s k -l keep-going -d 'Leave out what cannot be edited and write the rest'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -s q -l quiet -d 'Report nothing but errors'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -s v -l verbose -d 'Report more'
complete -c meshctl -n "__fish_meshctl_using_subcommand uninject" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshctl -n "__fish_meshctl_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand completions" -s q -l quiet -d 'Report nothing but errors'
complete -c meshctl -n "__fish_meshctl_using_subcommand completions" -s v -l verbose -d 'Report more'
complete -c meshctl -n "__fish_meshctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meshctl -n "__fish_meshctl_using_subcommand version" -s o -l output -d 'How to print it' -r -f -a "text\t''
json\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand version" -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c meshctl -n "__fish_meshctl_using_subcommand version" -s q -l quiet -d 'Report nothing but errors'
complete -c meshctl -n "__fish_meshctl_using_subcommand version" -s v -l verbose -d 'Report more'
complete -c meshctl -n "__fish_meshctl_using_subcommand version" -s h -l help -d 'Print help'
