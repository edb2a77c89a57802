internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

extension Supervisor {
    func hello(_ request: inout Request) throws(Refusal) {
        let hello = try request.message.decode(HelloRequest.self)
        guard let version = SupervisorVersion.common(minimum: hello.minimumVersion, maximum: hello.maximumVersion) else {
            throw Refusal(
                .unsupported, errorNumber: ErrorNumber.notSupported,
                detail: (Text("protocol versions ") + UInt64(hello.minimumVersion) + " to " + UInt64(hello.maximumVersion)
                    + "; this supervisor speaks "
                    + UInt64(SupervisorVersion.oldest) + " to " + UInt64(SupervisorVersion.newest)).bytes)
        }
        request.connection.version = version
        request.reply(
            HelloReply(
                version: version, pid: sv_pid(), startedAtNanoseconds: startedAtNanoseconds,
                oomScoreAdjust: configuration.oomScoreAdjust, sandboxID: FilePath(configuration.directory.bytes).name.bytes))
    }

    func subscribe(_ request: borrowing Request) {
        request.connection.isSubscribed = true
        request.reply()
    }
}
