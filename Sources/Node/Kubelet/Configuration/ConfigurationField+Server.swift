internal import APIMachinery
internal import KubernetesAPI

extension ConfigurationField {
    private static let certificate = "the control plane issues the certificate; leave it out"

    static let serverFields: [ConfigurationField] = [
        .init("enableServer", .flag, usual: true, .only([true], "kubectl logs and exec need the server; leave it out, or write true")),
        text("address", \.serverAddress, usual: "0.0.0.0"),
        .init(
            "port", .number(1...65535), usual: 10250,
            .acts(
                read: { value throws(ConfigurationProblem) in
                    let port = value.integerValue.map { Int($0) }
                    return { $0.serverPort = port }
                }, show: { ($0.port.map { Int64($0) } ?? $0.serverPort.map { Int64($0) }).map(JSONValue.integer) })),
        .init("readOnlyPort", .number(0...65535), usual: 0, .only([0], "there is no port without authentication; write 0")),
        .init("tlsCertFile", .text, .only([""], certificate)),
        .init("tlsPrivateKeyFile", .text, .only([""], certificate)),
        .init("tlsCipherSuites", .texts, .only([.array([])], "the library's own choice is used; leave it out")),
        .init("tlsMinVersion", .text, .only(["", "VersionTLS12"], "TLS 1.2 and 1.3 are spoken; write VersionTLS12, or leave it out")),
        // There is no client certificate to rotate where the API server is in the same process; elsewhere it is the kubeconfig's.
        .init("rotateCertificates", .flag, usual: false, .needless),
        flag("serverTLSBootstrap", \.serverTLSBootstrap, usual: false),
        .init("authentication", .object, .members(authentication)),
        .init("authorization", .object, .members(authorization)),
        .init("enableDebuggingHandlers", .flag, usual: true, .only([true], "exec, logs and their like are always served; write true")),
        .init("enableContentionProfiling", .flag, usual: false, .needless),
        .init("enableProfilingHandler", .flag, usual: true, .needless),
        .init("enableDebugFlagsHandler", .flag, usual: true, .needless),
        .init("enableSystemLogHandler", .flag, usual: true, .only([true], "/logs is always served; write true")),
        .init("enableSystemLogQuery", .flag, usual: false, .only([false], "there is no query of the journal; write false")),
        .init("healthzPort", .number(0...65535), usual: 10248, .needless),
        .init("healthzBindAddress", .text, usual: "127.0.0.1", .needless),
        .init("streamingConnectionIdleTimeout", .duration, usual: "4h0m0s", .needless),
        .init("logging", .object, .needless),
        .init("tracing", .object, .only([.object([:])], "no traces are sent; leave it out")),
        .init("showHiddenMetricsForVersion", .text, .needless),
    ]

    private static let authentication: [ConfigurationField] = [
        .init(
            "x509", .object,
            .members([
                text("clientCAFile", \.clientCAFile, usual: "")
            ])),
        .init(
            "webhook", .object,
            .members([
                .init("enabled", .flag, usual: true, .only([true], "tokens are always shown to the API server; write true")),
                .init("cacheTTL", .duration, usual: "2m0s", .needless),
            ])),
        .init(
            "anonymous", .object,
            .members([
                .init("enabled", .flag, usual: false, .only([false], "nobody is served without a name; write false"))
            ])),
    ]

    private static let authorization: [ConfigurationField] = [
        .init("mode", .text, usual: "Webhook", .only(["Webhook"], "the API server is always asked; write Webhook")),
        .init(
            "webhook", .object,
            .members([
                .init("cacheAuthorizedTTL", .duration, usual: "5m0s", .needless),
                .init("cacheUnauthorizedTTL", .duration, usual: "30s", .needless),
            ])),
    ]
}
