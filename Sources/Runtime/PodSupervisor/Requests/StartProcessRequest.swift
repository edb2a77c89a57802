#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

extension Supervisor {
    func startProcess(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(StartProcessRequest.self)
        guard processes.find(wanted.id) == nil else {
            throw Refusal(.exists, errorNumber: ErrorNumber.exists, detail: (Text("process ") + wanted.id + " exists").bytes)
        }
        guard shutdown == nil, !processes.isFull else {
            throw Refusal(
                .busy, errorNumber: ErrorNumber.busy, detail: Text(shutdown == nil ? "too many processes" : "shutting down").bytes)
        }
        if wanted.kind != .exec {
            do throws(SystemFailure) {
                try records.remove(wanted.id)  // of an earlier process of this name: it must not be taken for the new one's
            } catch {
                throw Refusal(.failed, errorNumber: error.number, detail: (Text("remove old exit record ") + wanted.id).bytes)
            }
        }
        let started = try Spawning.start(
            wanted, descriptors: request.message.takeDescriptors(), owner: request.connection.serial, at: Instant.now())
        processes.add(started.process)
        request.reply(started)
    }
}

extension Request {
    func reply(_ started: consuming StartedProcess) {
        var started = started
        let reply = started.reply
        var descriptors = DescriptorList(adopting: [])
        if let master = started.takeMaster() { descriptors.append(master) }
        self.reply(reply, descriptors: descriptors)
    }
}
