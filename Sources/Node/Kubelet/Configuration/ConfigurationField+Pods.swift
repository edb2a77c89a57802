internal import APIMachinery
internal import KubernetesAPI

extension ConfigurationField {
    static let podFields: [ConfigurationField] = [
        .init(
            "staticPodPath", .text,
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let path = value.stringValue ?? ""
                    guard path.isEmpty || path.hasPrefix("/") else { throw .invalid(path, "must be an absolute path") }
                    return { $0.staticPodPath = path.isEmpty ? nil : path }
                }, show: { $0.staticPodPath.map(JSONValue.string) })),
        .init("fileCheckFrequency", .duration, usual: "20s", .needless),
        .init("httpCheckFrequency", .duration, usual: "20s", .needless),
        .init("staticPodURL", .text, usual: "", .only([""], "static pods come from a directory; leave it out")),
        .init("staticPodURLHeader", .object, .only([.object([:])], "static pods come from a directory; leave it out")),
        .init("podLogsDir", .text, usual: "/var/log/pods", .only(["/var/log/pods"], "logs are in the data directory; leave it out")),
        text("clusterDomain", \.clusterDomain, usual: ""),
        texts("clusterDNS", \.clusterDNS),
        .init(
            "resolvConf", .text, usual: "/etc/resolv.conf",
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let path = value.stringValue ?? ""
                    let text = try resolvConf(path)
                    return { configuration in
                        configuration.resolvConfPath = path
                        configuration.resolvConf = ResolvConf(parsing: text)
                    }
                }, show: { .string($0.resolvConfPath) })),
        .init("podPidsLimit", .number(-1...Int64.max), usual: -1, podPidsLimit),
        flag("seccompDefault", \.seccompDefault, usual: false),
        texts("allowedUnsafeSysctls", \.allowedUnsafeSysctls),
        flag("singleProcessOOMKill", \.singleProcessOOMKill, usual: false),
        flag("cpuCFSQuota", \.cpuCFSQuota, usual: true),
        .init("cpuCFSQuotaPeriod", .duration, usual: "100ms", cpuPeriod),
        duration("volumeStatsAggPeriod", \.volumeStatsAggPeriod, usual: "1m0s"),
        .init(
            "containerLogMaxSize", .text, usual: "10Mi",
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let text = value.stringValue ?? ""
                    guard let size = try? Quantity(parsing: text), size.value > 0 else {
                        throw .invalid(text, "must be a quantity of bytes such as 10Mi")
                    }
                    return { $0.containerLogMaxSize = size }
                }, show: { .string($0.containerLogMaxSize.description) })),
        number(
            "containerLogMaxFiles", 2...Int64(Int32.max), usual: 5, set: { $1.containerLogMaxFiles = UInt32($0) },
            get: { Int64($0.containerLogMaxFiles) }),
        .init("containerLogMaxWorkers", .number(1...Int64.max), usual: 1, .needless),
        .init("containerLogMonitorInterval", .duration, usual: "10s", .needless),
        .init("crashLoopBackOff", .object, .members([crashLoopBackOff])),
        .init(
            "userNamespaces", .object,
            .members([.init("idsPerPod", .anyNumber, usual: 65_536, .only([65_536], "each pod gets 65536 ids; write 65536"))])),
        .init("shutdownGracePeriod", .duration, usual: "0s", .only(["0s"], shutdown)),
        .init("shutdownGracePeriodCriticalPods", .duration, usual: "0s", .only(["0s"], shutdown)),
        .init("shutdownGracePeriodByPodPriority", .list, .only([.array([])], shutdown)),
    ]

    private static let shutdown = "pods are not ended in order when the machine shuts down; leave it out"

    private static func resolvConf(_ path: String) throws(ConfigurationProblem) -> String {
        do throws(ManifestError) {
            return String(decoding: try ManifestFile.read(path), as: UTF8.self)
        } catch {
            throw .init("Invalid value: \(error)")
        }
    }

    private static let podPidsLimit = Support.acts(
        read: { value throws(ConfigurationProblem) in
            let limit = value.integerValue ?? -1
            return { $0.podPidsLimit = limit > 0 ? limit : nil }
        }, show: { .integer($0.podPidsLimit ?? -1) })

    private static let cpuPeriod = Support.acts(
        read: { value throws(ConfigurationProblem) in
            let text = value.stringValue ?? ""
            guard let period = Duration(go: text), period >= .milliseconds(1), period <= .seconds(1) else {
                throw .invalid(text, "must be from 1ms to 1s")
            }
            return { $0.cpuCFSQuotaPeriodMicroseconds = Int64(period / .microseconds(1)) }
        }, show: { .string(Duration.microseconds($0.cpuCFSQuotaPeriodMicroseconds).goText) })

    private static let crashLoopBackOff = ConfigurationField(
        "maxContainerRestartPeriod", .duration,
        .acts(
            read: { value throws(ConfigurationProblem) in
                let text = value.stringValue ?? ""
                guard let period = Duration(go: text), period >= .seconds(1), period <= .seconds(300) else {
                    throw .invalid(text, "must be from 1s to 300s")
                }
                return { $0.maxContainerRestartPeriod = period }
            }, show: { $0.maxContainerRestartPeriod == .seconds(300) ? nil : .string($0.maxContainerRestartPeriod.goText) }))

    static let imageFields: [ConfigurationField] = [
        .init("registryPullQPS", .number(0...Int64.max), usual: 5, .needless),
        .init("registryBurst", .number(0...Int64.max), usual: 10, .needless),
        flag("serializeImagePulls", \.serializeImagePulls, usual: true),
        .init(
            "maxParallelImagePulls", .number(1...Int64(Int32.max)),
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let count = value.integerValue.map { Int($0) }
                    return { $0.maxParallelImagePulls = count }
                }, show: { $0.maxParallelImagePulls.map { .integer(Int64($0)) } })),
        .init(
            "imagePullCredentialsVerificationPolicy", .text, usual: "NeverVerifyPreloadedImages",
            .only(["NeverVerify", "NeverVerifyPreloadedImages"], "who has pulled an image is not compared; write NeverVerify")),
        .init("preloadedImagesVerificationAllowlist", .texts, .needless),
        duration("imageMinimumGCAge", \.imageGC.minimumAge, usual: "2m0s"),
        duration("imageMaximumGCAge", \.imageGC.maximumAge, usual: "0s"),
        number(
            "imageGCHighThresholdPercent", 0...100, usual: 85, set: { $1.imageGC.highThresholdPercent = UInt64($0) },
            get: { Int64($0.imageGC.highThresholdPercent) }),
        number(
            "imageGCLowThresholdPercent", 0...100, usual: 80, set: { $1.imageGC.lowThresholdPercent = UInt64($0) },
            get: { Int64($0.imageGC.lowThresholdPercent) }),
    ]
}
