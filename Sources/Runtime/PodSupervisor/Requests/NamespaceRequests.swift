internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

extension Supervisor {
    func createNamespaces(_ request: inout Request) throws(Refusal) {
        let wanted = try request.message.decode(CreateNamespacesRequest.self)
        guard namespaces.kinds.isEmpty else {
            throw Refusal(.exists, errorNumber: ErrorNumber.exists, detail: Text("the pod's namespaces exist").bytes)
        }
        namespaces = try NamespaceCreation.create(wanted, passed: request.message.takeDescriptors())
        replyNamespaces(to: request)
    }

    func replyNamespaces(to request: borrowing Request) {
        var copies = DescriptorList(adopting: [])
        for number in namespaces.numbers {
            let copy = sv_duplicate(number)
            guard copy >= 0 else {
                return request.connection.send(
                    .refusal, Refusal(.failed, errorNumber: -copy, detail: Text("copy the namespace descriptors").bytes),
                    requestID: request.requestID)
            }
            copies.append(Descriptor(adopting: copy))
        }
        request.reply(NamespacesReply(kinds: namespaces.kinds), descriptors: copies)
    }
}
