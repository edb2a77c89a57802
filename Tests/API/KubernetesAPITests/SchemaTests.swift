import APIMachinery
import KubernetesAPI
import Testing

@Suite struct SchemaTests {
    @Test func `knows how fields merge, their numbers and their values`() throws {
        let spec = try #require(Schema.builtIn[type: "core/v1.PodSpec"])
        let containers = try #require(spec["containers"])
        #expect(containers.type == .list(.type("core/v1.Container")))
        #expect(containers.isRequired)
        #expect(containers.listType == .map)
        #expect(containers.listMapKeys == ["name"])
        #expect(containers.patchMergeKey == "name")
        #expect(containers.patchStrategies == ["merge"])
        #expect(containers.protobufNumber == 2)
        #expect(spec["volumes"]?.patchStrategies == ["merge", "retainKeys"])
        #expect(spec["restartPolicy"]?.enumValues == ["Always", "OnFailure", "Never"])
        #expect(spec["restartPolicy"]?.defaultText == "Always")
        #expect(spec["hostUsers"]?.isPointer == true)
        #expect(spec["nodeSelector"]?.isAtomicMap == true)
        #expect(spec["nodeSelector"]?.type == .map(.string))
        #expect(Schema.builtIn[type: "core/v1.ObjectReference"]?.isAtomic == true)
        #expect(Schema.builtIn[type: "core/v1.SeccompProfile"]?.unions.first?.discriminator == "type")
        #expect(Schema.builtIn[type: "core/v1.ResourceRequirements"]?["limits"]?.type == .map(.quantity))
    }

    @Test func `every type that a field names is there, and every served kind has a type`() {
        for type in Schema.builtIn.types.values {
            for field in type.fields {
                var inner = field.type
                while true {
                    if case .list(let element) = inner {
                        inner = element
                    } else if case .map(let value) = inner {
                        inner = value
                    } else {
                        break
                    }
                }
                if case .type(let name) = inner { #expect(Schema.builtIn[type: name] != nil, "\(type.name).\(field.name): \(name)") }
            }
        }
        let groups = Set(Schema.builtIn.types.values.flatMap(\.kinds).map(\.apiVersion))
        for resource in ServedResource.builtIn where groups.contains(resource.kind.apiVersion) {
            #expect(Schema.builtIn[resource.kind] != nil, "\(resource.kind)")
        }
    }

    @Test func `knows the served resources`() throws {
        let pods = try #require(ServedResource.builtIn.first { $0.plural == "pods" })
        #expect(pods.kind == Pod.groupVersionKind)
        #expect(pods.isNamespaced)
        #expect(pods.shortNames == ["po"])
        #expect(pods.categories == ["all"])
        #expect(pods.subresources.first { $0.name == "eviction" }?.kind.apiVersion == "policy/v1")
        #expect(ServedResource.builtIn.count == 76)
    }
}
