package import APIMachinery

/// A write as admission sees it.
package struct AdmissionAttributes: Sendable {
    package enum Operation: String, Sendable { case create = "CREATE", update = "UPDATE", delete = "DELETE", connect = "CONNECT" }

    package var operation: Operation
    package var resource: ResourceDefinition
    package var subresource: String
    /// Empty for a resource of the cluster.
    package var namespace: String
    package var name: String
    /// What is to be written, in the version of the request; of a subresource with a kind of its own (Binding, Eviction …) that kind. nil for a deletion.
    package var object: JSONObject?
    /// What is there; nil for a creation.
    package var old: JSONObject?
    package var user: UserInfo
    package var isDryRun: Bool
    package var now: Timestamp
    /// What the request asks for besides its object.
    package var options = Options.none
    /// The name is one that the server has made up, which its writer does not know yet.
    package var isNameGenerated = false
    /// A step of a larger request that has been through admission as a whole.
    package var isInternalStep = false
    /// Sent to the client as warnings.
    package var warnings: [String] = []
    /// Written into the audit log.
    package var auditAnnotations: [String: String] = [:]
    package var reinvocation = Reinvocation()

    package enum Options: Sendable {
        case none, write(WriteOptions), deletion(DeletionOptions)
    }

    package var group: String { resource.group }
    package var plural: String { resource.plural }

    /// Whether this is about the main endpoint of a resource of the core or of another group.
    package func isFor(_ plural: String, group: String = "", subresource: String = "") -> Bool {
        self.plural == plural && self.group == group && self.subresource == subresource
    }
    package func forbidden(_ why: String) -> Status { resource.forbidden(name, why) }
}

/// A rule that looks at writes: it may change what is written, and afterwards it may refuse it.
package protocol AdmissionPlugin: Sendable {
    /// Changes the object. Called before validation.
    func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status)
    /// Looks only. Called after validation, again when a write is tried again on a newer object.
    func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status)
    /// The write that `validate` let through has failed: what was counted for it is to be given back.
    func didFail(_ attributes: AdmissionAttributes, _ objects: ObjectReader) async
}

extension AdmissionPlugin {
    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {}
    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {}
    package func didFail(_ attributes: AdmissionAttributes, _ objects: ObjectReader) async {}
}

/// Plugins in their order: all change, then all look.
struct AdmissionChain: Sendable {
    var plugins: [any AdmissionPlugin]

    /// Where a webhook has changed the object, every plugin gets to see it once more.
    func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        for plugin in plugins { try await plugin.mutate(&attributes, objects) }
        guard attributes.reinvocation.isWanted else { return }
        attributes.reinvocation.beginSecondRound()
        for plugin in plugins { try await plugin.mutate(&attributes, objects) }
    }
    func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        for plugin in plugins { try await plugin.validate(&attributes, objects) }
    }
    func didFail(_ attributes: AdmissionAttributes, _ objects: ObjectReader) async {
        for plugin in plugins { await plugin.didFail(attributes, objects) }
    }
}

extension APIServer {
    /// Lets the plugins change what is to be written. What they have to say reaches the client and the audit log also when they refuse.
    func mutate(_ attributes: inout AdmissionAttributes, _ context: inout RequestContext) async throws(Status) {
        do throws(Status) { try await admission.mutate(&attributes, objects) } catch {
            report(attributes, &context)
            throw error
        }
        report(attributes, &context)
    }

    /// Lets the plugins look at what is to be written.
    func validate(_ attributes: inout AdmissionAttributes, _ context: inout RequestContext) async throws(Status) {
        do throws(Status) { try await admission.validate(&attributes, objects) } catch {
            report(attributes, &context)
            throw error
        }
        report(attributes, &context)
    }

    private func report(_ attributes: AdmissionAttributes, _ context: inout RequestContext) {
        context.warnings.add(contentsOf: attributes.warnings)
        if !attributes.auditAnnotations.isEmpty { AuditAnnotations.current?.add(attributes.auditAnnotations) }
    }
}
