import APIMachinery
import Glibc
import NIOCore
import NIOSSL

/// A server under load: where it is, how one gets in, and what its process uses.
struct Target: Sendable {
    let host: String
    let port: Int
    /// nil for plain text.
    let tls: NIOSSLContext?
    let process: ServerProcess

    /// - Parameter kubeconfig: As the server writes it: one cluster, one user with a client certificate.
    init(kubeconfig path: String, pid: Int) throws {
        let config = try Self.readKubeconfig(path)
        let cluster = config["clusters"]?[0]?["cluster"]
        let user = config["users"]?[0]?["user"]
        guard let server = cluster?["server"]?.stringValue, let (host, port) = Self.endpoint(server) else {
            throw LoadError("\(path): no server https://HOST:PORT")
        }
        func pem(_ value: JSONValue?) throws -> [UInt8] {
            guard let text = value?.stringValue, let data = Base64Data(base64: text) else {
                throw LoadError("\(path): credentials are missing")
            }
            return data.bytes
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(pem(cluster?["certificate-authority-data"])))
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(pem(user?["client-certificate-data"])).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: pem(user?["client-key-data"]), format: .pem))
        configuration.applicationProtocols = ["http/1.1"]
        self.host = host
        self.port = port
        tls = try NIOSSLContext(configuration: configuration)
        process = ServerProcess(pid: pid)
    }

    /// Plain text.
    init(host: String, port: Int, pid: Int) {
        self.host = host
        self.port = port
        tls = nil
        process = ServerProcess(pid: pid)
    }

    static func endpoint(_ text: String) -> (String, Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]) else { return nil }
        let host = text[..<colon]
        return (String(host.split(separator: "/").last ?? host[...]), port)
    }

    private static func readKubeconfig(_ path: String) throws -> JSONValue {
        guard let file = fopen(path, "r") else { throw LoadError("open \(path): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        guard let document = try YAMLDocument.documents(parsing: Array(bytes[..<count])).first else { throw LoadError("\(path) is empty") }
        return document.json
    }
}

/// Figures of a process from /proc (proc(5)).
struct ServerProcess: Sendable {
    let pid: Int

    /// User and system time of all its threads, those that have ended too. In steps of 10 ms.
    var cpuSeconds: Double {
        let fields = text("stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(CInt(_SC_CLK_TCK)))
    }

    /// Its memory, shared pages by their share.
    var proportionalKiB: Double {
        for line in text("smaps_rollup").split(separator: "\n") where line.hasPrefix("Pss:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        }
        return 0
    }

    private func text(_ name: String) -> String {
        guard let file = fopen("/proc/\(pid)/\(name)", "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
