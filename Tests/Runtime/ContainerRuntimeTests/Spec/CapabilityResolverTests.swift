import CRI
import LinuxSystem
import Testing

@testable import ContainerRuntime

@Suite struct CapabilityResolverTests {
    static let usual = CapabilitySet.containerDefault
    static func set(_ names: String...) -> CapabilitySet { names.reduce(into: []) { $0.formUnion(CapabilitySet(name: $1) ?? []) } }

    @Test(
        arguments: [
            ([], [], usual),
            (["NET_ADMIN"], [], usual.union(set("NET_ADMIN"))),
            (["CAP_NET_ADMIN"], ["MKNOD"], usual.union(set("NET_ADMIN")).subtracting(set("MKNOD"))),
            ([], ["ALL"], []),
            (["CHOWN"], ["ALL"], set("CHOWN")),
            (["ALL"], ["SYS_ADMIN"], CapabilitySet.all.subtracting(set("SYS_ADMIN"))),
            (["ALL"], ["ALL"], []),
            (["chown"], ["all"], set("CHOWN")),
            (["CHOWN"], ["CHOWN"], usual.subtracting(set("CHOWN"))),
        ] as [([String], [String], CapabilitySet)])
    func `drop wins over add, ALL says where to start`(add: [String], drop: [String], expected: CapabilitySet) throws {
        var context = LinuxContainerSecurityContext()
        context.capabilities.add = add
        context.capabilities.drop = drop
        let sets = try CapabilityResolver.resolve(context, available: .all)
        #expect(sets == CapabilitySets(container: expected))
    }

    @Test func `ambient ones are in all five sets`() throws {
        var context = LinuxContainerSecurityContext()
        context.capabilities.drop = ["ALL"]
        context.capabilities.addAmbient = ["NET_BIND_SERVICE"]
        let bind = Self.set("NET_BIND_SERVICE")
        let expected = CapabilitySets(bounding: bind, effective: bind, permitted: bind, inheritable: bind, ambient: bind)
        #expect(try CapabilityResolver.resolve(context, available: .all) == expected)
    }

    @Test func `privileged has all, whatever is listed`() throws {
        var context = LinuxContainerSecurityContext()
        context.privileged = true
        context.capabilities.drop = ["ALL"]
        #expect(try CapabilityResolver.resolve(context, available: .all).bounding == .all)
    }

    @Test func `an unknown name is refused`() {
        var context = LinuxContainerSecurityContext()
        context.capabilities.add = ["NET_ADMINN"]
        let error = #expect(throws: SpecError.self) { try CapabilityResolver.resolve(context, available: .all) }
        #expect(error?.description == "unknown capability \"NET_ADMINN\" to add")
    }

    @Test func `all and the usual are no more than the machine has`() throws {
        let available = CapabilitySet.all.subtracting(Self.set("SYS_ADMIN", "MKNOD"))
        var context = LinuxContainerSecurityContext()
        #expect(try CapabilityResolver.resolve(context, available: available).bounding == Self.usual.subtracting(Self.set("MKNOD")))
        context.capabilities.add = ["ALL"]
        #expect(try CapabilityResolver.resolve(context, available: available).bounding == available)
        context.capabilities.add = ["SYS_ADMIN"]
        #expect(try CapabilityResolver.resolve(context, available: available).bounding.isSuperset(of: Self.set("SYS_ADMIN")))
    }
}
