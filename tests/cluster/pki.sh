# shellcheck shell=bash
# Makes the cluster's certificates and the kubeconfigs that hold them.

make_pki() {
    mkdir -p "$RUN/pki"
    (
        cd "$RUN/pki" || exit
        authority ca kubernetes-ca && authority front-proxy-ca front-proxy-ca \
            && certificate ca apiserver /CN=kube-apiserver serverAuth \
                "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$API_SERVICE_IP,IP:$NODE_IP" \
            && certificate ca kubelet-server "/CN=$NODE" serverAuth "DNS:$NODE,IP:$NODE_IP" \
            && certificate ca kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth \
            && certificate ca admin /O=system:masters/CN=admin clientAuth \
            && certificate ca controller-manager /CN=system:kube-controller-manager clientAuth \
            && certificate ca scheduler /CN=system:kube-scheduler clientAuth \
            && certificate ca kubelet "/O=system:nodes/CN=system:node:$NODE" clientAuth \
            && certificate ca proxy /CN=system:kube-proxy clientAuth \
            && certificate front-proxy-ca front-proxy-client /CN=front-proxy-client clientAuth \
            && openssl genrsa -out service-account.key 2048 \
            && openssl rsa -in service-account.key -pubout -out service-account.pub
    ) >"$RUN/log/pki.log" 2>&1 || { cat "$RUN/log/pki.log" >&2; fail "the certificates cannot be made"; }
    local name
    for name in admin controller-manager scheduler kubelet proxy; do
        kubeconfig "$name" https://127.0.0.1:6443 >"$RUN/pki/$name.kubeconfig"
    done
}

# authority FILE NAME
authority() {
    openssl ecparam -genkey -name prime256v1 -noout -out "$1.key" \
        && openssl req -x509 -new -key "$1.key" -subj "/CN=$2" -days 365 -out "$1.crt" \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

# certificate AUTHORITY FILE SUBJECT USAGE [ALTERNATIVE-NAMES]
certificate() {
    {
        printf '%s\n' basicConstraints=CA:FALSE keyUsage=critical,digitalSignature,keyEncipherment "extendedKeyUsage=$4"
        [[ -z "${5:-}" ]] || echo "subjectAltName=$5"
    } >"$2.extensions"
    openssl ecparam -genkey -name prime256v1 -noout -out "$2.key" && openssl req -new -key "$2.key" -subj "$3" -out "$2.csr" \
        && openssl x509 -req -in "$2.csr" -CA "$1.crt" -CAkey "$1.key" -CAcreateserial -days 365 -extfile "$2.extensions" -out "$2.crt"
}

# kubeconfig NAME SERVER: the kubeconfig of one certificate.
kubeconfig() {
    local pki="$RUN/pki"
    cat <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: meshctl-test
    cluster: {server: "$2", certificate-authority-data: $(base64 -w0 "$pki/ca.crt")}
users:
  - name: $1
    user: {client-certificate-data: $(base64 -w0 "$pki/$1.crt"), client-key-data: $(base64 -w0 "$pki/$1.key")}
contexts:
  - name: meshctl-test
    context: {cluster: meshctl-test, user: $1}
current-context: meshctl-test
YAML
}
