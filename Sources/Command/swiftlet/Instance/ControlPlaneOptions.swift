import ArgumentParser
internal import ControlPlane
internal import Controllers

/// How the control plane is served, for `up` and `server`.
struct ControlPlaneOptions: ParsableArguments {
    @OptionGroup var directories: DirectoryOptions

    @Option(help: "Address and port of the API server; port 0 for any free one.")
    var listen = "127.0.0.1:6443"

    @Option(help: "Where to write the administrator's kubeconfig (default: admin.kubeconfig in the data directory).", completion: .file())
    var kubeconfig: String?

    @Option(help: "Name of the cluster in the kubeconfig.")
    var clusterName = "swiftlet"

    @Option(name: .customLong("tls-san"), help: "Another name or address that clients use for the API server; may be repeated.")
    var alternativeNames: [String] = []

    @Option(name: .customLong("service-cidr"), help: "IPv4 addresses of services; the first one is the API server's.")
    var serviceCIDR = "10.96.0.0/16"

    @Option(
        name: .customLong("cluster-cidr"),
        help: "Addresses of all nodes' pods, of which each node gets a part (default: 10.244.0.0/16; with up and another --pod-cidr that).")
    var clusterCIDR: String?

    @Option(name: .customLong("node-cidr-mask-size"), help: "Prefix length of a node's part of the cluster's pod addresses.")
    var nodeCIDRMaskSize = 24

    @Option(
        help:
            "How pods of different nodes reach each other: auto: by routes on the same link, through a VXLAN tunnel elsewhere; routes, or vxlan, alone."
    )
    var podRouting = PodRoutingChoice.auto

    @Option(help: "A token ID.SECRET with which nodes may join from the start; see swiftlet token create.")
    var bootstrapToken: String?

    @Option(help: "After so long without a word a node counts as lost, for example 20s (default: 50s).")
    var nodeMonitorGracePeriod: String?

    @Option(help: "sqlite, or memory: gone when the daemon ends.")
    var store = Store.sqlite

    @Option(help: "How long past revisions stay readable, for example 90s, 30m, 1h.")
    var history = "1h"

    @Option(help: "File that gets a JSON line (audit.k8s.io/v1) for each request.", completion: .file())
    var auditLog: String?

    @Option(
        help: "File with a Policy (audit.k8s.io/v1): which requests the audit log tells of, and whether with their bodies.",
        completion: .file())
    var auditPolicy: String?

    @Option(help: "CSV file of static bearer tokens: token,user,uid,\"group,group\".", completion: .file())
    var tokenFile: String?

    @Flag(inversion: .prefixedNo, help: "Whether health and version are shown to those without credentials.")
    var anonymousAuth = true

    @Flag(
        name: .customLong("cluster-dns"), inversion: .prefixedNo,
        help: "Whether names of the cluster are answered by this program (with up), behind the service kube-dns.")
    var clusterDNS = true

    @Option(
        help:
            "What becomes of packets that no NetworkPolicy allows (with up): drop, or reject: the sender is told at once; off: policies do nothing."
    )
    var networkPolicies = PolicyEnforcement.drop

    @Flag(inversion: .prefixedNo, help: "Whether pods are given to nodes here; otherwise another scheduler does it.")
    var scheduler = true

    @Option(
        help:
            "Addresses of services of the type LoadBalancer: nodes (the nodes' own, which services with different ports share), or a pool for them alone: networks, ranges and addresses, separated by commas."
    )
    var loadBalancerPool = "nodes"

    @Option(help: "Controllers to run: *, NAME, -NAME, separated by commas; -* for none.")
    var controllers = "*"

    @Flag(help: "Go on in the background; return when ready. Messages go to server.log in the data directory.")
    var detach = false

    enum PodRoutingChoice: String, CaseIterable, ExpressibleByArgument { case auto, routes, vxlan }

    enum Store: String, CaseIterable, ExpressibleByArgument { case sqlite, memory }

    /// - Throws: `UsageError`.
    func configuration() throws -> ControlPlaneServer.Configuration {
        let (host, port) = try Self.endpoint(listen)
        var configuration = ControlPlaneServer.Configuration(
            dataDirectory: directories.absoluteDataDirectory, listenAddress: host, listenPort: port)
        configuration.kubeconfigPath = kubeconfig.map(InstanceName.absolute)
        configuration.clusterName = clusterName
        // Who listens everywhere is reached by all of the machine's addresses.
        configuration.alternativeNames = alternativeNames + (["0.0.0.0", "::"].contains(host) ? Machine.addresses : [])
        configuration.bootstrapToken = try bootstrapToken.map { text in
            guard let token = BootstrapToken(text) else {
                throw UsageError("--bootstrap-token: must be ID.SECRET, 6 and 16 small letters and digits")
            }
            return token
        }
        configuration.network.routing = podRouting.rawValue
        configuration.serviceCIDR = serviceCIDR
        configuration.store = store == .sqlite ? .sqlite : .memory
        configuration.history = try TimeSpan.parse(history)
        configuration.auditLog = auditLog.map(InstanceName.absolute)
        configuration.auditPolicy = auditPolicy.map(InstanceName.absolute)
        configuration.tokenFile = tokenFile.map(InstanceName.absolute)
        configuration.allowsAnonymous = anonymousAuth
        return configuration
    }

    /// What is said of nodes.
    ///
    /// - Throws: `UsageError`.
    func nodeSettings() throws -> ControlLoops.NodeSettings {
        var settings = ControlLoops.NodeSettings()
        settings.maskSize = nodeCIDRMaskSize
        settings.gracePeriod = try nodeMonitorGracePeriod.map { try TimeSpan.parse($0) }
        return settings
    }

    /// - Throws: `UsageError`.
    func controllerChoice() throws -> ControllerChoice {
        do { return try ControllerChoice(parsing: controllers) } catch { throw UsageError("--controllers \(controllers): \(error)") }
    }

    /// - Throws: `UsageError`.
    func loadBalancers() throws -> LoadBalancerAddresses {
        do {
            return try LoadBalancerAddresses(parsing: loadBalancerPool)
        } catch { throw UsageError("--load-balancer-pool \(loadBalancerPool): \(error)") }
    }

    /// `127.0.0.1:6443`, `[::1]:6443`. Whether the address is one, its user finds out.
    static func endpoint(_ text: String) throws -> (host: String, port: Int) {
        let usage = UsageError("--listen \(text): an address and a port are needed, as 127.0.0.1:6443 or [::1]:6443")
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port) else {
            throw usage
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw usage
        }
        guard !host.isEmpty else { throw usage }
        return (String(host), port)
    }
}
