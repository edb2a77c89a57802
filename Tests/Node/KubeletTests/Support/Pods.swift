import APIMachinery
import Glibc
import KubernetesAPI

@testable import Kubelet

/// A pod with one container for each name; `uid` and name are the same.
func makePod(_ name: String, containers: [String] = ["app"], _ change: (inout Pod) -> Void = { _ in }) -> Pod {
    var pod = Pod()
    pod.metadata.name = name
    pod.metadata.namespace = "default"
    pod.metadata.uid = name
    pod.spec.restartPolicy = "Always"
    pod.spec.terminationGracePeriodSeconds = 30
    pod.spec.containers = containers.map { makeContainer($0) }
    change(&pod)
    return pod
}

func makeContainer(_ name: String, _ change: (inout Container) -> Void = { _ in }) -> Container {
    var container = Container()
    container.name = name
    container.image = "fixture:1"
    container.imagePullPolicy = "IfNotPresent"
    container.terminationMessagePath = "/dev/termination-log"
    container.terminationMessagePolicy = "File"
    change(&container)
    return container
}

func makeSidecar(_ name: String) -> Container { makeContainer(name) { $0.restartPolicy = "Always" } }

func quantities(_ values: [String: String]) -> [String: Quantity] {
    values.compactMapValues { try? Quantity(parsing: $0) }
}

/// Rights and owners of a file, links not followed.
struct FileFacts: Equatable {
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32

    init(mode: UInt32, uid: UInt32, gid: UInt32) { (self.mode, self.uid, self.gid) = (mode, uid, gid) }

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(mode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid)
    }
}

/// A structure of the API, from JSON.
func structure<Value: JSONConvertible>(_ type: Value.Type, _ text: String) throws -> Value? {
    var decoder = ObjectDecoder(options: .lenient)
    return Value.decode(try JSONValue(parsing: text), &decoder)
}
