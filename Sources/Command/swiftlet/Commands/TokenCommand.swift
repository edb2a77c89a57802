import ArgumentParser
internal import APIMachinery
internal import ControlPlane
internal import KubernetesAPI
internal import KubernetesClient

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Tokens with which nodes join the cluster.",
        subcommands: [Create.self, List.self, Delete.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create", abstract: "Make a token and print it: ID.SECRET@sha256:HASH.",
            discussion: """
                Who has it may join a node, and knows by the hash of the cluster's certificate authority that it joins this cluster. The \
                token is a Secret bootstrap-token-ID of kube-system, as kubeadm's are.
                """)

        @OptionGroup var cluster: TokenCluster

        @Option(help: "How long it holds, for example 30m, 24h; 0 for as long as nobody deletes it.")
        var ttl = "24h"

        @Option(help: "What it is for.")
        var description = ""

        @Flag(help: "Print the whole command that joins a node.")
        var printJoinCommand = false

        func run() async throws {
            let lifetime = ttl == "0" ? nil : try TimeSpan.parse(ttl)
            let access = try cluster.access()
            let hash = try AuthorityHash.of(pem: String(decoding: access.authority, as: UTF8.self))
            let token = BootstrapToken.random()
            let end = lifetime.map { (Timestamp.now() + $0).truncatedToSeconds.description }
            let data = token.secretData(expiration: end, description: description)
            _ = try await access.client.resource(Secret.self, namespace: "kube-system").create(
                Secret {
                    $0.metadata.name = token.secretName
                    $0.type = BootstrapToken.secretType
                    $0.data = data.filter { !$0.value.isEmpty }.mapValues { Base64Data(Array($0.utf8)) }
                })
            let text = "\(token.text)@\(hash)"
            guard printJoinCommand else { return Output.print(text) }
            Output.print("swiftlet agent --server \(try await server(access)) --token \(text)")
        }

        /// Where nodes reach the API server, which need not be where this machine does.
        private func server(_ access: KubeconfigFile.Access) async throws -> String {
            let map = try await access.client.resource(ConfigMap.self, namespace: "kube-public").get("cluster-info")
            let documents = try? YAMLDocument.documents(parsing: Array((map.data["kubeconfig"] ?? "").utf8))
            return documents?.first?.json["clusters"]?[0]?["cluster"]?["server"]?.stringValue ?? "https://HOST:PORT"
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tokens, without what is secret of them.")

        @OptionGroup var cluster: TokenCluster

        func run() async throws {
            let secrets = try await cluster.access().client.resource(Secret.self, namespace: "kube-system").list()
            var table = Table(header: ["ID", "EXPIRES", "DESCRIPTION"])
            for secret in secrets.items where secret.type == BootstrapToken.secretType {
                func text(_ key: String) -> String { String(decoding: secret.data[key]?.bytes ?? [], as: UTF8.self) }
                table.rows.append([text("token-id"), text("expiration").isEmpty ? "never" : text("expiration"), text("description")])
            }
            Output.print(table.text)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete a token; nodes that have joined with it stay.")

        @OptionGroup var cluster: TokenCluster

        @Argument(help: "The token, or its ID.")
        var token: String

        func run() async throws {
            let id = String(token.prefix { $0 != "." })
            guard id.utf8.count == 6 else { throw UsageError("\(token.prefix(6)): is no token's ID, which has 6 characters") }
            try await cluster.access().client.resource(Secret.self, namespace: "kube-system").delete("bootstrap-token-\(id)")
            Output.print("token \(id) deleted")
        }
    }
}

/// The cluster whose tokens they are.
struct TokenCluster: ParsableArguments {
    @OptionGroup var directories: DirectoryOptions

    @Option(help: "The administrator's kubeconfig (default: admin.kubeconfig in the data directory).", completion: .file())
    var kubeconfig: String?

    func access() throws -> KubeconfigFile.Access {
        try KubeconfigFile.access(
            path: kubeconfig.map(InstanceName.absolute) ?? "\(directories.absoluteDataDirectory)/admin.kubeconfig",
            userAgent: "swiftlet/\(Version.number)")
    }
}
