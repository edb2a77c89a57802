/// The plugins of the server in upstream's order.
package enum DefaultAdmission {
    package static let plugins: [any AdmissionPlugin] = [
        NamespaceLifecycle(), LimitRanger(), ServiceAccountAdmission(), NodeRestriction(), TaintNodesByCondition(), PodSecurity(),
        PriorityAdmission(), DefaultTolerationSeconds(), DefaultStorageClass(), StorageObjectInUseProtection(), RuntimeClassAdmission(),
        DefaultIngressClass(), ServiceAllocation(), UnsupportedAdmission(), ResourceQuotaAdmission(),
    ]
}
