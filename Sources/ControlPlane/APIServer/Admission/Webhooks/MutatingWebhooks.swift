internal import APIMachinery

/// MutatingAdmissionWebhook: one webhook after the other, each shown what those before it have made of the object.
struct MutatingWebhooks: AdmissionPlugin {
    private let invoker: WebhookInvoker
    private let source = WebhookSource(plural: "mutatingwebhookconfigurations")

    init(_ invoker: WebhookInvoker) { self.invoker = invoker }

    package func mutate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard !attributes.isExemptFromWebhooks, !attributes.isInternalStep else { return }
        let webhooks = try await source.webhooks(objects)
        guard !webhooks.isEmpty else { return }
        attributes.reinvocation.beginWebhooks(with: attributes.object)
        let matcher = WebhookMatcher(objects: objects)
        for (index, webhook) in webhooks.enumerated() {
            guard let invocation = try await matcher.invocation(of: webhook, for: attributes),
                attributes.reinvocation.mayAsk(webhook.id)
            else { continue }
            try await ask(invocation, index, &attributes, objects)
        }
        attributes.reinvocation.lastOutput = attributes.object
    }

    private func ask(
        _ invocation: WebhookInvocation, _ index: Int, _ attributes: inout AdmissionAttributes, _ objects: ObjectReader
    ) async throws(Status) {
        let webhook = invocation.webhook
        let verdict = await invoker.ask(invocation, attributes, objects, isMutating: true)
        attributes.warnings += verdict.warnings
        for annotation in verdict.auditAnnotations { attributes.auditAnnotations[annotation.key] = annotation.value }
        var isChanged = false
        if case .patched(let patch) = verdict.outcome {
            isChanged = try await Self.apply(patch, invocation, &attributes, objects)
        }
        attributes.reinvocation.didAsk(webhook, isChanged: isChanged)
        let place = "round_\(attributes.reinvocation.isSecondRound ? 1 : 0)_index_\(index)"
        attributes.auditAnnotations["mutation.webhook.admission.k8s.io/\(place)"] = Self.record(webhook, isChanged: isChanged)
        switch verdict.outcome {
        case .allowed, .patched: return
        case .refused(let status): throw status
        case .failed(let why):
            guard webhook.failsOpen else { throw .internalError(why) }
            attributes.auditAnnotations["failed-open.mutation.webhook.admission.k8s.io/\(place)"] = webhook.name
        }
    }

    /// What upstream writes into the audit log of each webhook that was asked.
    private static func record(_ webhook: Webhook, isChanged: Bool) -> String {
        let json: JSONValue = [
            "configuration": .string(webhook.configurationName), "webhook": .string(webhook.name), "mutated": .bool(isChanged),
        ]
        return json.serializedText()
    }

    private static func operations(of patch: [UInt8]) throws(Status) -> JSONPatch {
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: patch) } catch { throw .internalError(error.goText(in: patch)) }
        do throws(PatchError) { return try JSONPatch(json) } catch { throw .internalError("\(error)") }
    }

    /// - Returns: Whether the object is another one now.
    private static func apply(
        _ patch: [UInt8], _ invocation: WebhookInvocation, _ attributes: inout AdmissionAttributes, _ objects: ObjectReader
    ) async throws(Status) -> Bool {
        let operations = try operations(of: patch)
        if operations.operations.isEmpty { return false }
        guard let original = attributes.object else {
            throw .internalError(
                "admission webhook \(invocation.webhook.name.quoted) attempted to modify the object, "
                    + "which is not supported for this operation")
        }
        let view = WebhookView(invocation.matched, attributes, objects, isMutating: true)
        let shown = try await view.shown(original)
        let value: JSONValue
        do throws(PatchError) { value = try operations.applied(to: .object(shown)) } catch { throw .internalError("\(error)") }
        guard let changed = value.objectValue else { throw .internalError("the patch leaves no object") }
        let object = try await view.takenBack(changed, original: original)
        attributes.object = object
        // What the way there and back alone makes of an object is no change.
        return try await object != view.takenBack(shown, original: original)
    }
}

/// Which webhooks are asked again when one behind them has changed the object (reinvocationPolicy), after upstream's webhookReinvokeContext.
package struct Reinvocation: Sendable {
    /// All plugins run a second time.
    package private(set) var isSecondRound = false
    private(set) var isWanted = false
    /// Asked since the last change, and willing to be asked again.
    private var asked: Set<String> = []
    private var toRepeat: Set<String> = []
    var lastOutput: JSONObject?

    package init() {}

    mutating func beginSecondRound() { isSecondRound = true }

    /// The webhooks' turn: in the second round what other plugins have changed since the first counts as a change.
    mutating func beginWebhooks(with object: JSONObject?) {
        if isSecondRound, lastOutput != object { repeatAsked() }
    }

    /// A webhook that was not asked in the first round is not asked in the second.
    func mayAsk(_ id: String) -> Bool { !isSecondRound || toRepeat.contains(id) }

    mutating func didAsk(_ webhook: Webhook, isChanged: Bool) {
        if isChanged {
            repeatAsked()
            isWanted = true
        }
        if webhook.isReinvocable { asked.insert(webhook.id) }
    }

    private mutating func repeatAsked() {
        toRepeat.formUnion(asked)
        asked = []
    }
}
