/// The plugins of the server in upstream's order.
package enum DefaultAdmission {
    /// Without webhooks: their configurations are refused.
    package static let plugins = plugins(webhooks: nil)

    /// - Parameter webhooks: How webhooks are called; nil where they cannot be.
    package static func plugins(
        webhooks: (caller: any WebhookCaller, metrics: WebhookMetrics)?, serviceCIDR: String? = nil
    ) -> [any AdmissionPlugin] {
        let invoker = webhooks.map { WebhookInvoker(caller: $0.caller, metrics: $0.metrics) }
        var plugins: [any AdmissionPlugin] = [
            NamespaceLifecycle(), LimitRanger(), ServiceAccountAdmission(), NodeRestriction(), TaintNodesByCondition(), PodSecurity(),
            PriorityAdmission(), DefaultTolerationSeconds(), DefaultStorageClass(), StorageObjectInUseProtection(), ClaimResize(),
            RuntimeClassAdmission(), DefaultIngressClass(),
        ]
        if let invoker { plugins.append(MutatingWebhooks(invoker)) }
        // Upstream gives addresses, and says who asks for a certificate, when everybody has changed what he wants.
        plugins += [
            CertificateRequester(), serviceCIDR.map { ServiceAllocation(cidr: $0) } ?? ServiceAllocation(),
            UnsupportedAdmission(callsWebhooks: invoker != nil),
        ]
        plugins += [ExpressionRules(), ValidatingPolicies()] as [any AdmissionPlugin]
        if let invoker { plugins.append(ValidatingWebhooks(invoker)) }
        return plugins + [ResourceQuotaAdmission()]
    }
}
