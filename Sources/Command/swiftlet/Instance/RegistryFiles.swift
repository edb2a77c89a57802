import ArgumentParser
internal import ContainerRuntime
internal import Glibc
internal import ImageStore
internal import Kubelet
internal import LinuxSystem

/// How registries are reached and what is shown to them.
struct RegistryOptions: ParsableArguments {
    @Option(
        help:
            "Mirrors, certificates and plain HTTP by registry, a YAML file (default: registries.yaml in the data directory, if it is there).",
        completion: .file())
    var registryConfig: String?

    @Option(
        help:
            "Credentials for registries, a file of docker's config.json form (default: config.json in the data directory, if it is there).",
        completion: .file())
    var registryCredentials: String?

    var files: RegistryFiles {
        RegistryFiles(configuration: registryConfig.map(InstanceName.absolute), credentials: registryCredentials.map(InstanceName.absolute))
    }
}

/// The files that were named; nil: those in the data directory.
struct RegistryFiles: Sendable {
    var configuration: String?
    var credentials: String?

    func configuration(dataDirectory: String) throws -> RegistryConfiguration {
        var result = RegistryConfiguration()
        let path = configuration ?? "\(dataDirectory)/registries.yaml"
        let isThere = unsafe access(path, F_OK) == 0
        if configuration != nil || isThere {
            do {
                result = try RegistryConfiguration(parsing: try Files.read(path, limit: 4 << 20)) { (name) throws(ImageError) in
                    do { return try Files.read(name, limit: 4 << 20) } catch { throw ImageError(.invalid, "\(error)") }
                }
            } catch { throw UsageError("\(path): \(error)") }
        }
        result.proxies = ProxySettings { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
        return result
    }

    func credentials(dataDirectory: String) -> CredentialsFile {
        CredentialsFile(path: credentials ?? "\(dataDirectory)/config.json") { Output.warn("swiftlet: \($0)") }
    }
}
