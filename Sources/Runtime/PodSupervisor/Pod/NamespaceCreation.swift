internal import CLinux
#if !hasFeature(Embedded)
    internal import SupervisorAPI
#endif

/// Makes a pod's namespaces.
///
/// Without a user namespace the supervisor unshares by itself, opens what it got and goes back: no process is needed.
/// With one, a child that only sleeps is cloned into all of them at once, so that the user namespace owns the others.
enum NamespaceCreation {
    static func create(_ request: CreateNamespacesRequest, passed: consuming DescriptorList) throws(Refusal) -> HeldNamespaces {
        var held = HeldNamespaces()
        var passed = passed
        for kind in NamespaceKinds.ordered where request.passed.contains(kind) {
            guard let descriptor = passed.takeFirst() else {
                throw Refusal(.invalid, errorNumber: ErrorNumber.invalid, detail: Text("fewer descriptors than namespaces passed").bytes)
            }
            held.hold(kind, descriptor)
        }
        try check(request)
        if request.create.contains(.user) {
            try createOwnedByUser(request, &held)
        } else {
            for kind in NamespaceKinds.ordered where request.create.contains(kind) {
                held.hold(kind, try unshare(kind))
            }
        }
        try configure(request, held)
        return held
    }

    /// What would change the host instead of the pod is refused before anything is made.
    private static func check(_ request: CreateNamespacesRequest) throws(Refusal) {
        let present = request.create.union(request.passed)
        if !request.hostname.isEmpty || !request.domainname.isEmpty, !present.contains(.uts) {
            throw Refusal(.invalid, errorNumber: ErrorNumber.invalid, detail: Text("a host name without a uts namespace").bytes)
        }
        for parameter in request.parameters {
            guard let kind = SystemParameter(parameter.name)?.namespace, present.contains(kind) else {
                throw Refusal(
                    .invalid, errorNumber: ErrorNumber.invalid,
                    detail: (Text("sysctl ") + parameter.name + " is not a parameter of the pod's own namespaces").bytes)
            }
        }
    }

    /// A new namespace of one kind; this thread is back in its own afterwards.
    private static func unshare(_ kind: NamespaceKinds) throws(Refusal) -> Descriptor {
        let path = Text("/proc/thread-self/ns/") + kind.fileName
        do {
            let own = try open(path)
            _ = try SystemFailure.check(sv_unshare(kind.cloneFlag))
            defer { _ = sv_join(own.number, kind.cloneFlag) }
            return try open(path)
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("create namespace ") + kind.fileName).bytes)
        }
    }

    private static func createOwnedByUser(_ request: CreateNamespacesRequest, _ held: inout HeldNamespaces) throws(Refusal) {
        var flags: UInt64 = 0
        for kind in NamespaceKinds.ordered where request.create.contains(kind) { flags |= UInt64(UInt32(bitPattern: kind.cloneFlag)) }
        let pid = sv_namespace_holder(flags)
        guard pid > 0 else {
            throw Refusal(.failed, errorNumber: -pid, detail: Text("clone into a user namespace").bytes)
        }
        defer { _ = sv_end_holder(pid) }
        let process = Text("/proc/") + UInt64(pid)
        var step = Text()
        do {
            for (name, mappings) in [(Text("/uid_map"), request.uidMappings), (Text("/gid_map"), request.gidMappings)] {
                let lines = mapLines(mappings)
                step = Text("write \"") + lines.bytes + "\" to " + name.bytes
                try Files.write(lines.bytes, to: process + name.bytes)
            }
            for kind in NamespaceKinds.ordered where request.create.contains(kind) {
                step = Text("open namespace ") + kind.fileName
                held.hold(kind, try open(process + "/ns/" + kind.fileName))
            }
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: step.bytes)
        }
    }

    /// The content of uid_map, user_namespaces(7).
    static func mapLines(_ mappings: [IDMapping]) -> Text {
        var text = Text()
        for mapping in mappings {
            text = text + UInt64(mapping.inside) + " " + UInt64(mapping.outside) + " " + UInt64(mapping.count) + "\n"
        }
        return text
    }

    /// Sets host name and kernel parameters from inside; this thread is back in its own namespaces afterwards.
    private static func configure(_ request: CreateNamespacesRequest, _ held: borrowing HeldNamespaces) throws(Refusal) {
        if !request.hostname.isEmpty || !request.domainname.isEmpty, let uts = held.number(.uts) {
            try inside(uts, .uts) { () throws(Refusal) in
                unsafe try setName(request.hostname, "set host name ", sv_host_name)
                unsafe try setName(request.domainname, "set domain name ", sv_domain_name)
            }
        }
        let mappedRoot = held.number(.user) == nil ? nil : request.uidMappings.first { mapping in mapping.inside == 0 }?.outside
        for kind in [NamespaceKinds.network, .ipc] {
            let own = request.parameters.filter { parameter in SystemParameter(parameter.name)?.namespace == kind }
            guard !own.isEmpty, let number = held.number(kind) else { continue }
            try inside(number, kind) { () throws(Refusal) in
                for parameter in own { try write(parameter, as: kind == .ipc ? mappedRoot : nil) }
            }
        }
    }

    private static func setName(_ name: [UInt8], _ step: StaticString, _ call: (UnsafePointer<CChar>, Int) -> Int32) throws(Refusal) {
        guard !name.isEmpty else { return }
        let result = unsafe Text(name).withCString { text in unsafe call(text, name.count) }
        guard result >= 0 else { throw Refusal(.failed, errorNumber: -result, detail: (Text(step) + name).bytes) }
    }

    /// - Parameter user: Files of ipc parameters belong to the root of the namespace's user namespace, and the kernel
    ///   compares the writer's effective uid with it, whatever the writer's capabilities (ipc_sysctl.c).
    private static func write(_ parameter: KernelParameter, as user: UInt32?) throws(Refusal) {
        guard let path = SystemParameter(parameter.name)?.path else { return }
        if let user { _ = sv_effective_user(user) }
        defer { if user != nil { _ = sv_effective_user(0) } }
        do {
            try Files.write(parameter.value, to: path)
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("set sysctl ") + parameter.name + "=" + parameter.value).bytes)
        }
    }

    private static func inside(_ namespace: Int32, _ kind: NamespaceKinds, _ body: () throws(Refusal) -> Void) throws(Refusal) {
        let own = try joined(namespace, kind)
        defer { _ = sv_join(own.number, kind.cloneFlag) }
        try body()
    }

    /// Moves this thread into a namespace, and returns the one it was in.
    private static func joined(_ namespace: Int32, _ kind: NamespaceKinds) throws(Refusal) -> Descriptor {
        do {
            let own = try open(Text("/proc/thread-self/ns/") + kind.fileName)
            _ = try SystemFailure.check(sv_join(namespace, kind.cloneFlag))
            return own
        } catch {
            throw Refusal(.failed, errorNumber: error.number, detail: (Text("join namespace ") + kind.fileName).bytes)
        }
    }

    private static func open(_ path: Text) throws(SystemFailure) -> Descriptor {
        try SystemFailure.descriptor(unsafe path.withCString { path in unsafe sv_open_file(Int32(SV_CWD), path) })
    }
}
