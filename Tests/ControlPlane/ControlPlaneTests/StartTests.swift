import APIMachinery
@testable import ControlPlane
import Glibc
import Storage
import TestSupport
import Testing

/// How a control plane begins, and what it does not leave behind when it cannot.
@Suite(.serialized) struct StartTests {
    private func configuration(_ folder: String, port: Int = 0) -> ControlPlaneServer.Configuration {
        var configuration = ControlPlaneServer.Configuration(dataDirectory: folder, listenPort: port)
        configuration.store = .memory
        return configuration
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/swiftlet-start-\(UInt64.random(in: 0..<UInt64.max))"
        do {
            try await body(folder)
        } catch {
            _ = try? await TestSupport.shell("rm -rf \(folder)")
            throw error
        }
        _ = try await TestSupport.shell("rm -rf \(folder)")
    }

    @Test func `every namespace has what its pods need, and gets it again`() async throws {
        try await withFolder { folder in
            let server = try await ControlPlaneServer.start(configuration(folder))
            let store = server.storage
            #expect(try await store.get("/registry/core/serviceaccounts/kube-system/default", at: nil) != nil)
            let map = try #require(try await store.get("/registry/core/configmaps/default/kube-root-ca.crt", at: nil))
            #expect(try JSONValue(parsing: map.value)["data"]?["ca.crt"]?.stringValue?.hasPrefix("-----BEGIN CERTIFICATE") == true)
            let namespace = Array(#"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"new"},"status":{"phase":"Active"}}"#.utf8)
            _ = try await store.put("/registry/core/namespaces/new", namespace, if: .absent, expiresAfter: nil)
            let account = "/registry/core/serviceaccounts/new/default"
            #expect(try await eventually { try await store.get(account, at: nil) != nil })
            _ = try await store.delete(account, if: .any)
            #expect(try await eventually { try await store.get(account, at: nil) != nil })
            await server.stop()
        }
    }

    @Test func `a namespace that is ending gets nothing`() async throws {
        try await withFolder { folder in
            let server = try await ControlPlaneServer.start(configuration(folder))
            let store = server.storage
            for (name, phase) in [("ending", "Terminating"), ("living", "Active")] {
                let namespace = Array(
                    #"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"\#(name)"},"status":{"phase":"\#(phase)"}}"#.utf8)
                _ = try await store.put("/registry/core/namespaces/\(name)", namespace, if: .absent, expiresAfter: nil)
            }
            // They are looked at in the order of their changes.
            #expect(try await eventually { try await store.get("/registry/core/configmaps/living/kube-root-ca.crt", at: nil) != nil })
            #expect(try await store.get("/registry/core/serviceaccounts/ending/default", at: nil) == nil)
            await server.stop()
        }
    }

    @Test func `ready only when the objects of the beginning are there`() async throws {
        try await withFolder { folder in
            let server = try await ControlPlaneServer.start(configuration(folder))
            let status = await server.status()
            #expect(status.isReady)
            #expect(status.checks.map(\.name).contains("poststarthook/bootstrap-objects"))
            #expect(status.objects.first { $0.resource == "namespaces" }?.count == 4)
            #expect(status.storeBytes == nil)
            await server.stop()
        }
        #expect(BootstrapProgress().problem == "not finished")
    }

    @Test func `one that cannot finish its start no longer listens, and gives the data directory up`() async throws {
        try await withFolder { folder in
            let first = try await ControlPlaneServer.start(configuration(folder))
            let port = try #require(Int(first.url.split(separator: ":").last ?? ""))
            await first.stop()
            var failing = configuration(folder, port: port)
            failing.kubeconfigPath = "\(folder)/missing/admin.kubeconfig"
            await #expect(throws: (any Error).self) { _ = try await ControlPlaneServer.start(failing) }
            let again = try await ControlPlaneServer.start(configuration(folder, port: port))
            await again.stop()
        }
    }

    @Test func `who has the data directory or the port is told apart`() async throws {
        try await withFolder { folder in
            let server = try await ControlPlaneServer.start(configuration("\(folder)/a"))
            let port = try #require(Int(server.url.split(separator: ":").last ?? ""))
            let same = await #expect(throws: ControlPlaneError.self) {
                _ = try await ControlPlaneServer.start(configuration("\(folder)/a"))
            }
            #expect(same?.kind == .inUse)
            #expect(same?.description == "the data directory \(folder)/a is in use by process \(getpid())")
            let clash = await #expect(throws: ControlPlaneError.self) {
                _ = try await ControlPlaneServer.start(configuration("\(folder)/b", port: port))
            }
            #expect(clash?.kind == .addressInUse)
            #expect(clash?.description == "listen on 127.0.0.1:\(port): Address already in use")
            await server.stop()
        }
    }
}
