internal import CRI

/// Who a container's process is: the security context over the image's `User`. The names are looked up in the image by `ImageStore`.
///
/// Rules of containerd's CRI plugin: an id or a name of the context takes the place of the image's user and group; the memberships that
/// the image's /etc/group lists count under the policy `merge`.
enum UserResolver {
    /// What is to be looked up in the image: `uid`, `uid:gid`, `name`, `name:gid`, or what the image says; empty is root.
    static func lookup(_ context: LinuxContainerSecurityContext, imageUser: String) throws(SpecError) -> String {
        let user: String =
            if let uid = context.runAsUser {
                String(try number(uid, "run as user"))
            } else {
                context.runAsUsername
            }
        guard let group = context.runAsGroup else { return user.isEmpty ? imageUser : user }
        guard !user.isEmpty else { throw SpecError("run as group \(group): a group needs a user, and none is given") }
        return "\(user):\(try number(group, "run as group"))"
    }

    static func resolve(_ context: LinuxContainerSecurityContext, _ found: UserFacts) throws(SpecError) -> ProcessUser {
        var groups = [found.gid]
        if context.supplementalGroupsPolicy == .merge { groups += found.additionalGroups }
        for group in context.supplementalGroups { groups.append(try number(group, "supplemental group")) }
        var seen: Set<UInt32> = []
        return ProcessUser(
            uid: found.uid, gid: found.gid, groups: groups.filter { seen.insert($0).inserted }, home: found.home)
    }

    /// The range of moby/sys/user, which every runtime takes.
    private static func number(_ value: Int64, _ what: String) throws(SpecError) -> UInt32 {
        guard (0...Int64(Int32.max)).contains(value) else { throw SpecError("\(what) \(value): must be 0 to \(Int32.max)") }
        return UInt32(value)
    }
}
