internal import KubernetesAPI
internal import LinuxSystem

extension Declaration {
    /// Who a container's process is.
    struct Identity { var uid: UInt32, gid: UInt32, groups: [UInt32], home: String, formula: String }

    /// - Returns: nil when it depends on an image that is not known.
    func identity(_ running: ContainerFacts, _ container: Container) -> Identity? {
        let own = container.securityContext ?? SecurityContext()
        let shared = spec.securityContext ?? PodSecurityContext()
        let uid = own.runAsUser ?? shared.runAsUser
        let gid = own.runAsGroup ?? shared.runAsGroup
        guard uid != nil || running.image != nil else { return nil }
        let parts = (running.image?.user ?? "").split(separator: ":", maxSplits: 1).map(String.init)
        let name = uid.map(String.init) ?? (parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0")
        let found = running.users.user(name)
        guard let number = found?.uid ?? UInt32(name) else { return nil }
        var group = found?.gid ?? 0
        // The image's group goes with the image's user.
        if uid == nil, parts.count == 2, let listed = running.users.gid(parts[1]) { group = listed }
        if let gid { group = UInt32(clamping: gid) }
        let groups = supplementary(found?.name, shared, primary: group, running.users)
        let source =
            uid != nil
            ? "runAsUser \(name)"
            : name == "0" && parts.isEmpty ? "the image names no user: root" : "the image's user \(running.image?.user ?? "")"
        let groupSource =
            gid.map { ", runAsGroup \($0)" } ?? found.map { ", group \($0.gid) of \($0.name) in the image's /etc/passwd" } ?? ""
        return Identity(uid: number, gid: group, groups: groups, home: found?.home ?? "/", formula: source + groupSource)
    }

    /// KEP-3619: with `Strict` the image's own memberships do not count.
    private func supplementary(_ user: String?, _ shared: PodSecurityContext, primary: UInt32, _ users: UserDatabase) -> [UInt32] {
        var groups = [primary]
        if shared.supplementalGroupsPolicy != "Strict", let user { groups += users.memberships(of: user) }
        if let fsGroup = shared.fsGroup { groups.append(UInt32(clamping: fsGroup)) }
        groups += shared.supplementalGroups.map { UInt32(clamping: $0) }
        return Array(Set(groups)).sorted()
    }

    func identityExpectations(_ running: ContainerFacts, _ container: Container) -> [Expectation] {
        let path = "\(running.name)/process"
        let map: Requirement = hasUserNamespace ? .matches("0 [1-9][0-9]* [1-9][0-9]*") : .equals("the machine's")
        var expectations = ["uid_map", "gid_map"].map {
            Expectation(
                "\(path)/\($0)", map, why: "ids inside would be other ones outside", formula: "hostUsers: \(!hasUserNamespace)")
        }
        if facts.isManaged {
            expectations.append(
                Expectation(
                    "\(path)/umask", .equals("0022"), why: "new files would be open to others, or closed to the group",
                    formula: "every container's"))
        }
        guard let identity = identity(running, container) else { return expectations }
        expectations += [
            Expectation(
                "\(path)/uid", .equals("\(identity.uid)"), why: "its files and rights would be another user's", formula: identity.formula),
            Expectation(
                "\(path)/gid", .equals("\(identity.gid)"), why: "its new files would be another group's", formula: identity.formula),
            Expectation(
                "\(path)/groups", .sameMembers(identity.groups.map(String.init)),
                why: "it could read what is another group's, or not read its own",
                formula:
                    "primary group, fsGroup, supplementalGroups\(spec.securityContext?.supplementalGroupsPolicy == "Strict" ? "" : ", /etc/group of the image")"
            ),
        ]
        return expectations
    }
}
