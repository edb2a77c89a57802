import CRI
import Testing

@testable import ContainerRuntime

@Suite struct UserResolverTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var image = ""
        var user: Int64?
        var name = ""
        var group: Int64?
        var expected: String
        var testDescription: String { "image \"\(image)\" user \(user.map(String.init) ?? name) group \(group ?? -1)" }
        var config: ContainerConfig {
            makeConfig {
                $0.securityContext.runAsUser = user
                $0.securityContext.runAsUsername = name
                $0.securityContext.runAsGroup = group
            }
        }
    }

    private func lookup(_ test: Case) throws(SpecError) -> String {
        var image = ContainerSpecResolver.Image()
        image.user = test.image
        return try ContainerSpecResolver.userLookup(test.config, image: image)
    }

    @Test(arguments: [
        Case(expected: ""), Case(image: "app", expected: "app"), Case(image: "app:users", expected: "app:users"),
        Case(image: "app", user: 0, expected: "0"), Case(image: "app:users", user: 1000, expected: "1000"),
        Case(user: 1000, group: 3000, expected: "1000:3000"), Case(name: "app", expected: "app"),
        Case(image: "root", name: "app", group: 3000, expected: "app:3000"),
    ])
    func `the context's user takes the place of the image's`(_ test: Case) throws {
        #expect(try lookup(test) == test.expected)
    }

    @Test(arguments: [
        Case(group: 5, expected: "run as group 5: a group needs a user, and none is given"),
        Case(user: -1, expected: "run as user -1: must be 0 to 2147483647"),
        Case(user: 1000, group: 1 << 40, expected: "run as group 1099511627776: must be 0 to 2147483647"),
    ])
    func `an unusable user is refused by name`(_ test: Case) {
        let error = #expect(throws: SpecError.self) { _ = try lookup(test) }
        #expect(error?.description == test.expected)
    }

    @Test(
        arguments: [
            (SupplementalGroupsPolicy.merge, [], [1001, 10, 100]), (.merge, [4000, 10], [1001, 10, 100, 4000]),
            (.strict, [], [1001]), (.strict, [4000, 1001], [1001, 4000]),
        ] as [(SupplementalGroupsPolicy, [Int64], [UInt32])])
    func `groups are the primary one, memberships by policy, then the supplemental ones`(
        policy: SupplementalGroupsPolicy, supplemental: [Int64], expected: [UInt32]
    ) throws {
        let resolver = makeResolver { $0.user = UserFacts(uid: 1000, gid: 1001, additionalGroups: [10, 100], home: "/home/app") }
        let process = try resolver.resolve(
            makeConfig {
                $0.securityContext.supplementalGroups = supplemental
                $0.securityContext.supplementalGroupsPolicy = policy
            }
        ).process
        #expect(process.user == ProcessUser(uid: 1000, gid: 1001, groups: expected, home: "/home/app"))
        #expect(process.environment.contains("HOME=/home/app"))
    }

    @Test func `a supplemental group that is no number of a group is refused`() {
        let error = #expect(throws: SpecError.self) {
            try makeResolver().resolve(makeConfig { $0.securityContext.supplementalGroups = [-7] })
        }
        #expect(error?.description == "supplemental group -7: must be 0 to 2147483647")
    }
}
