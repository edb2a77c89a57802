import KubernetesAPI
import TestSupport
import Testing

@testable import KubernetesClient

struct SharedInformersTests {
    @Test(.timeLimit(.minutes(1))) func `who asks twice gets the same informer, and one that is asked for late starts too`() async {
        let server = ScriptedServer()
        server.put("a", ["colour": "red"])
        let shared = SharedInformers(server.client, time: ManualTime())
        await withDiscardingTaskGroup { group in
            group.addTask { await shared.run() }
            let first = shared.informer(ConfigMap.self)
            #expect(first === shared.informer(ConfigMap.self))
            await shared.waitForSync()
            first.addIndex("colour") { [$0.data["colour"] ?? "none"] }
            #expect(first.objects(index: "colour", value: "red").map(\.metadata.name) == ["a"])
            server.put("b", ["colour": "red"])
            let followed = try? await eventually(within: .seconds(50)) { first.objects(index: "colour", value: "red").count == 2 }
            #expect(followed == true)
            group.cancelAll()
        }
    }
}
