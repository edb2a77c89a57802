internal import APIMachinery

/// A client's configuration with one cluster, user and context (clientcmd v1).
struct Kubeconfig: Hashable, Sendable {
    var clusterName = "swiftlet"
    /// `https://127.0.0.1:6443`
    var server: String
    /// PEM.
    var authority: String
    var userName: String
    var credentials: KeyPair

    /// YAML.
    var text: String {
        func data(_ pem: String) -> String { Base64Data(Array(pem.utf8)).base64 }
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - name: \(clusterName)
              cluster:
                server: \(server)
                certificate-authority-data: \(data(authority))
            users:
            - name: \(userName)
              user:
                client-certificate-data: \(data(credentials.certificate))
                client-key-data: \(data(credentials.privateKey))
            contexts:
            - name: \(userName)@\(clusterName)
              context:
                cluster: \(clusterName)
                user: \(userName)
            current-context: \(userName)@\(clusterName)
            preferences: {}

            """
    }

    /// Mode 0600, since it holds a private key; whole or not at all.
    func write(to path: String) throws { try SecretFile.write(text, to: path) }
}
