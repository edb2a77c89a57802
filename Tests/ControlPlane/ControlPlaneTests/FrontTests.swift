import APIMachinery
@testable import APIServer
@testable import ControlPlane
import HTTPServer
import Synchronization
import TestSupport
import Testing

@Suite struct ImpersonationTests {
    let admin = UserInfo(name: "root", groups: ["system:masters"])

    @Test(
        arguments: [
            (["Impersonate-User": "jane"], "jane", ["system:authenticated"]),
            (["Impersonate-User": "jane", "impersonate-group": "dev"], "jane", ["dev", "system:authenticated"]),
            (["Impersonate-User": "system:anonymous"], "system:anonymous", ["system:unauthenticated"]),
            (
                ["Impersonate-User": "system:serviceaccount:a:robot"], "system:serviceaccount:a:robot",
                ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"]
            ),
        ] as [(HTTPHeaders, String, [String])])
    func `one acts as whom one names, with the groups that go with it`(headers: HTTPHeaders, name: String, groups: [String]) throws {
        let user = try #require(try Impersonation(headers)?.user(actedBy: admin, MastersAuthorizer()))
        #expect(user.name == name)
        #expect(user.groups == groups)
    }

    @Test func `who names no user is refused in the words of the real server`() throws {
        let error = #expect(throws: Status.self) {
            try Impersonation(["Impersonate-Extra-Scopes": "x"])?.user(actedBy: admin, MastersAuthorizer())
        }
        #expect(error?.code == 400)
        #expect(
            error?.message == """
                requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string(nil), Extra:map[string][]string{"scopes":[]string{"x"}}} \
                without impersonating a user name
                """)
    }

    @Test func `who may not is told what`() throws {
        let jane = UserInfo(name: "jane")
        let error = #expect(throws: Status.self) {
            try Impersonation(["Impersonate-User": "root"])?.user(actedBy: jane, MastersAuthorizer())
        }
        #expect(
            error?.message
                == "users \"root\" is forbidden: User \"jane\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
        )
        #expect(Impersonation(["Accept": "x"]) == nil)
    }
}

@Suite struct FairQueueTests {
    final class Order: Sendable {
        let names = Mutex<[String]>([])
    }

    @Test func `who has few requests under way comes before who has many`() async throws {
        let queue = FairQueue(limits: .init(places: 1, lineLengthMax: 100, waitMax: .seconds(30)))
        try await queue.enter("first")
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await self.pass("many", queue, order) } }
            _ = try? await eventually { queue.load.waiting == 20 }
            group.addTask { await self.pass("few", queue, order) }
            _ = try? await eventually { queue.load.waiting == 21 }
            queue.leave("first")
        }
        let index = order.names.withLock { $0.firstIndex(of: "few") }
        #expect(index == 1)
        #expect(queue.load.taken == 0)
    }

    private func pass(_ user: String, _ queue: FairQueue, _ order: Order) async {
        guard (try? await queue.enter(user)) != nil else { return }
        order.names.withLock { $0.append(user) }
        queue.leave(user)
    }

    @Test func `a line has an end, and so has waiting`() async throws {
        let queue = FairQueue(limits: .init(places: 1, lineLengthMax: 0, waitMax: .seconds(30)))
        try await queue.enter("a")
        let error = await #expect(throws: Status.self) { try await queue.enter("a") }
        #expect(error?.code == 429)
        let patient = FairQueue(limits: .init(places: 1, lineLengthMax: 5, waitMax: .milliseconds(20)))
        try await patient.enter("a")
        await #expect(throws: Status.self) { try await patient.enter("b") }
        #expect(patient.load.waiting == 0)
        patient.leave("a")
        try await patient.enter("c")
    }
}
