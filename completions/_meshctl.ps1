
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'meshctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'meshctl'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'meshctl' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('inject', 'inject', [CompletionResultType]::ParameterValue, 'Add the sidecar to every workload of a manifest')
            [CompletionResult]::new('uninject', 'uninject', [CompletionResultType]::ParameterValue, 'Take the sidecar out of every workload of a manifest')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the version and what it was built from')
            break
        }
        'meshctl;inject' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result; patch is RFC 6902')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result; patch is RFC 6902')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Report in a form for machines')
            [CompletionResult]::new('--report-file', '--report-file', [CompletionResultType]::ParameterName, 'Write that report to a file')
            [CompletionResult]::new('--on-skip', '--on-skip', [CompletionResultType]::ParameterName, 'What a skipped workload means; fail writes nothing and exits with 5')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only this resource, such as deploy/web; either side may be *; may be repeated')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Not this resource; either side may be *; may be repeated')
            [CompletionResult]::new('--template-path', '--template-path', [CompletionResultType]::ParameterName, 'Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template')
            [CompletionResult]::new('--annotate', '--annotate', [CompletionResultType]::ParameterName, 'Also annotate these, with the settings given as flags')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Which proxy runs beside the application [default: mesh-proxy]')
            [CompletionResult]::new('--sidecar', '--sidecar', [CompletionResultType]::ParameterName, 'How the sidecar runs: native (Kubernetes 1.29 and later) or as one more container [default: native]')
            [CompletionResult]::new('--intercept', '--intercept', [CompletionResultType]::ParameterName, 'How traffic reaches the sidecar: rules set by an init container, or HTTP_PROXY (none, outbound only) [default: init]')
            [CompletionResult]::new('--skip-inbound-ports', '--skip-inbound-ports', [CompletionResultType]::ParameterName, 'Ports whose incoming connections never enter the sidecar, such as 22,8000-8100 [default: none]')
            [CompletionResult]::new('--skip-outbound-ports', '--skip-outbound-ports', [CompletionResultType]::ParameterName, 'Ports whose outgoing connections never enter the sidecar, such as 22,8000-8100 [default: none]')
            [CompletionResult]::new('--skip-outbound-cidrs', '--skip-outbound-cidrs', [CompletionResultType]::ParameterName, 'Destinations that never enter the sidecar, such as 169.254.169.254,10.0.0.0/8,fd00::/8 [default: none]')
            [CompletionResult]::new('--opaque-ports', '--opaque-ports', [CompletionResultType]::ParameterName, 'Ports carried as bytes without looking at them, for servers that speak first [default: 25,110,143,587,3306,4444,9300,11211]')
            [CompletionResult]::new('--plaintext-ports', '--plaintext-ports', [CompletionResultType]::ParameterName, 'Ports open to plaintext although mTLS is strict, such as one that is scraped [default: none]')
            [CompletionResult]::new('--egress', '--egress', [CompletionResultType]::ParameterName, 'Namespaces and services that the pod calls: namespace, namespace/service or * [default: the pod''s own namespace]')
            [CompletionResult]::new('--mtls', '--mtls', [CompletionResultType]::ParameterName, 'Whether the pod still takes plaintext: permissive or strict [default: permissive]')
            [CompletionResult]::new('--rewrite-probes', '--rewrite-probes', [CompletionResultType]::ParameterName, 'Send tcpSocket probes to the sidecar, which dials the application itself [default: false]')
            [CompletionResult]::new('--proxy-uid', '--proxy-uid', [CompletionResultType]::ParameterName, 'The user and group that the sidecar runs as; nothing else in the pod may run as it [default: 1337]')
            [CompletionResult]::new('--proxy-image', '--proxy-image', [CompletionResultType]::ParameterName, 'The image of mesh-proxy, which also holds init and agent [default: mesh-proxy:0.1.0]')
            [CompletionResult]::new('--proxy-cpu-request', '--proxy-cpu-request', [CompletionResultType]::ParameterName, 'CPU that the proxy asks for, such as 10m [default: 10m (envoy: 100m)]')
            [CompletionResult]::new('--proxy-cpu-limit', '--proxy-cpu-limit', [CompletionResultType]::ParameterName, 'CPU that the proxy may use, such as 500m [default: none]')
            [CompletionResult]::new('--proxy-memory-request', '--proxy-memory-request', [CompletionResultType]::ParameterName, 'Memory that the proxy asks for, such as 20Mi [default: 20Mi (envoy: 128Mi)]')
            [CompletionResult]::new('--proxy-memory-limit', '--proxy-memory-limit', [CompletionResultType]::ParameterName, 'Memory beyond which the proxy is killed, such as 128Mi [default: none]')
            [CompletionResult]::new('--log-level', '--log-level', [CompletionResultType]::ParameterName, 'The least severe message that the sidecar logs [default: warning]')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'Worker threads of the proxy, 0 to 256; 0 is one for each CPU of the node [default: 1 (envoy: 2)]')
            [CompletionResult]::new('--drain-seconds', '--drain-seconds', [CompletionResultType]::ParameterName, 'How long a stopping sidecar lets requests finish, at most the pod''s grace period less 5 s [default: 20]')
            [CompletionResult]::new('--trust-domain', '--trust-domain', [CompletionResultType]::ParameterName, 'The trust domain of every identity')
            [CompletionResult]::new('--control-plane-namespace', '--control-plane-namespace', [CompletionResultType]::ParameterName, 'The namespace of the control plane')
            [CompletionResult]::new('--discovery-address', '--discovery-address', [CompletionResultType]::ParameterName, 'Where discovery is served, as HOST:PORT')
            [CompletionResult]::new('--ca-address', '--ca-address', [CompletionResultType]::ParameterName, 'Where certificates are signed, as HOST:PORT')
            [CompletionResult]::new('--server-name', '--server-name', [CompletionResultType]::ParameterName, 'The DNS name that the control plane must prove')
            [CompletionResult]::new('--token-audience', '--token-audience', [CompletionResultType]::ParameterName, 'The audience of the token that is shown to the control plane')
            [CompletionResult]::new('--trust-bundle-config-map', '--trust-bundle-config-map', [CompletionResultType]::ParameterName, 'The ConfigMap of each namespace with the trust bundle')
            [CompletionResult]::new('--trust-bundle-key', '--trust-bundle-key', [CompletionResultType]::ParameterName, 'The key of the trust bundle in that ConfigMap')
            [CompletionResult]::new('--ip-families', '--ip-families', [CompletionResultType]::ParameterName, 'Which addresses pods have: dual, ipv4 or ipv6')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Write each changed file back in place of printing it')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Write each changed file back in place of printing it')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Print a unified diff instead of the manifest')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing; exit with 4 if something would change')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print what changes and why, in words, instead of the manifest')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Leave out what cannot be edited and write the rest')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Leave out what cannot be edited and write the rest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshctl;uninject' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Form of the result; patch is RFC 6902')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Form of the result; patch is RFC 6902')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Report in a form for machines')
            [CompletionResult]::new('--report-file', '--report-file', [CompletionResultType]::ParameterName, 'Write that report to a file')
            [CompletionResult]::new('--on-skip', '--on-skip', [CompletionResultType]::ParameterName, 'What a skipped workload means; fail writes nothing and exits with 5')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only this resource, such as deploy/web; either side may be *; may be repeated')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Not this resource; either side may be *; may be repeated')
            [CompletionResult]::new('--template-path', '--template-path', [CompletionResultType]::ParameterName, 'Where a kind that meshctl does not know keeps its pod template, such as Widget=spec.template')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Write each changed file back in place of printing it')
            [CompletionResult]::new('--in-place', '--in-place', [CompletionResultType]::ParameterName, 'Write each changed file back in place of printing it')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Print a unified diff instead of the manifest')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Write nothing; exit with 4 if something would change')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print what changes and why, in words, instead of the manifest')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Leave out what cannot be edited and write the rest')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Leave out what cannot be edited and write the rest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshctl;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'meshctl;version' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Report nothing but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Report more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
