import Testing

@testable import Controllers

struct ManagerTests {
    @Test func `no two controllers share a name, which is a service account's`() {
        let names = ControllerManager.all.map { $0.name }
        #expect(Set(names).count == names.count)
    }
}
