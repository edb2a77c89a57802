internal import APIMachinery

/// ValidatingAdmissionWebhook: all webhooks that a request concerns at once; each may refuse it.
struct ValidatingWebhooks: AdmissionPlugin {
    private let invoker: WebhookInvoker
    private let source = WebhookSource(plural: "validatingwebhookconfigurations")

    init(_ invoker: WebhookInvoker) { self.invoker = invoker }

    package func validate(_ attributes: inout AdmissionAttributes, _ objects: ObjectReader) async throws(Status) {
        guard !attributes.isExemptFromWebhooks, !attributes.isInternalStep else { return }
        let webhooks = try await source.webhooks(objects)
        guard !webhooks.isEmpty else { return }
        let matcher = WebhookMatcher(objects: objects)
        var invocations: [WebhookInvocation] = []
        for webhook in webhooks {
            if let invocation = try await matcher.invocation(of: webhook, for: attributes) { invocations.append(invocation) }
        }
        guard !invocations.isEmpty else { return }
        let verdicts = await verdicts(of: invocations, attributes, objects)
        var refusal: Status?
        for (index, (invocation, verdict)) in zip(invocations, verdicts).enumerated() {
            attributes.warnings += verdict.warnings
            for annotation in verdict.auditAnnotations { attributes.auditAnnotations[annotation.key] = annotation.value }
            // Upstream tells the error that came first; the order of the configurations is at least the same each time.
            let own = Self.refusal(verdict.outcome, invocation.webhook, index, &attributes)
            refusal = refusal ?? own
        }
        if let refusal { throw refusal }
    }

    private func verdicts(
        of invocations: [WebhookInvocation], _ attributes: AdmissionAttributes, _ objects: ObjectReader
    ) async -> [WebhookVerdict] {
        if invocations.count == 1 { return [await invoker.ask(invocations[0], attributes, objects, isMutating: false)] }
        return await withTaskGroup(of: (Int, WebhookVerdict).self) { group in
            for (index, invocation) in invocations.enumerated() {
                group.addTask { (index, await invoker.ask(invocation, attributes, objects, isMutating: false)) }
            }
            var verdicts: [Int: WebhookVerdict] = [:]
            for await (index, verdict) in group { verdicts[index] = verdict }
            return invocations.indices.compactMap { verdicts[$0] }
        }
    }

    private static func refusal(
        _ outcome: WebhookOutcome, _ webhook: Webhook, _ index: Int, _ attributes: inout AdmissionAttributes
    ) -> Status? {
        switch outcome {
        case .allowed, .patched: return nil
        case .refused(let status): return status
        case .failed(let why):
            guard webhook.failsOpen else { return .internalError(why) }
            attributes.auditAnnotations["failed-open.validating.webhook.admission.k8s.io/round_0_index_\(index)"] = webhook.name
            return nil
        }
    }
}
