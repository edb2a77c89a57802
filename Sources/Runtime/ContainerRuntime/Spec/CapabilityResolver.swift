internal import CRI
internal import LinuxSystem

/// The five capability sets of capabilities(7) for a container.
///
/// Rules of containerd's CRI plugin: `add: ALL` starts from all, `drop: ALL` from none, else from the usual fourteen; then the listed
/// ones are added, then the listed ones dropped. Inheritable and ambient stay empty but for `addAmbient`, which goes into all five.
enum CapabilityResolver {
    /// - Parameter available: What this machine has to give: "all" is no more than that, and neither are the usual ones. One that is asked for
    ///   by name and is not there makes the start fail.
    static func resolve(_ context: LinuxContainerSecurityContext, available: CapabilitySet) throws(SpecError) -> CapabilitySets {
        guard !context.privileged else { return sets(available) }
        let change = context.capabilities
        var granted = CapabilitySet.containerDefault.intersection(available)
        if change.add.contains(where: isAll) { granted = available }
        if change.drop.contains(where: isAll) { granted = [] }
        granted.formUnion(try parse(change.add, "to add"))
        granted.subtract(try parse(change.drop, "to drop"))
        let ambient = try parse(change.addAmbient, "to add as ambient")
        return sets(granted.union(ambient), ambient: ambient)
    }

    private static func sets(_ granted: CapabilitySet, ambient: CapabilitySet = []) -> CapabilitySets {
        CapabilitySets(
            bounding: granted, effective: granted, permitted: granted, inheritable: ambient, ambient: ambient)
    }

    private static func isAll(_ name: String) -> Bool { name.uppercased() == "ALL" }

    private static func parse(_ names: [String], _ what: String) throws(SpecError) -> CapabilitySet {
        var set: CapabilitySet = []
        for name in names where !isAll(name) {
            guard let capability = CapabilitySet(name: name) else { throw SpecError("unknown capability \"\(name)\" \(what)") }
            set.insert(capability)
        }
        return set
    }
}
