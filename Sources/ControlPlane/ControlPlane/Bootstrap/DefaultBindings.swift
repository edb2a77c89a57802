// swift-format-ignore-file
// One role or binding a line, so that a difference between releases is a difference of lines.

/// The bindings that every cluster begins with, as Kubernetes 1.36 has them.
///
/// A line is the name (`NAMESPACE/NAME` in a namespace), the role as `KIND=NAME`, and the subjects as `KIND=NAME`, service accounts with their namespace.
enum DefaultBindings {
    static let clusterRoleBindings = """
        cluster-admin ClusterRole=cluster-admin Group=system:masters
        system:basic-user ClusterRole=system:basic-user Group=system:authenticated
        system:controller:attachdetach-controller ClusterRole=system:controller:attachdetach-controller ServiceAccount=kube-system/attachdetach-controller
        system:controller:certificate-controller ClusterRole=system:controller:certificate-controller ServiceAccount=kube-system/certificate-controller
        system:controller:clusterrole-aggregation-controller ClusterRole=system:controller:clusterrole-aggregation-controller ServiceAccount=kube-system/clusterrole-aggregation-controller
        system:controller:cronjob-controller ClusterRole=system:controller:cronjob-controller ServiceAccount=kube-system/cronjob-controller
        system:controller:daemon-set-controller ClusterRole=system:controller:daemon-set-controller ServiceAccount=kube-system/daemon-set-controller
        system:controller:deployment-controller ClusterRole=system:controller:deployment-controller ServiceAccount=kube-system/deployment-controller
        system:controller:device-taint-eviction-controller ClusterRole=system:controller:device-taint-eviction-controller ServiceAccount=kube-system/device-taint-eviction-controller
        system:controller:disruption-controller ClusterRole=system:controller:disruption-controller ServiceAccount=kube-system/disruption-controller
        system:controller:endpoint-controller ClusterRole=system:controller:endpoint-controller ServiceAccount=kube-system/endpoint-controller
        system:controller:endpointslice-controller ClusterRole=system:controller:endpointslice-controller ServiceAccount=kube-system/endpointslice-controller
        system:controller:endpointslicemirroring-controller ClusterRole=system:controller:endpointslicemirroring-controller ServiceAccount=kube-system/endpointslicemirroring-controller
        system:controller:ephemeral-volume-controller ClusterRole=system:controller:ephemeral-volume-controller ServiceAccount=kube-system/ephemeral-volume-controller
        system:controller:expand-controller ClusterRole=system:controller:expand-controller ServiceAccount=kube-system/expand-controller
        system:controller:generic-garbage-collector ClusterRole=system:controller:generic-garbage-collector ServiceAccount=kube-system/generic-garbage-collector
        system:controller:horizontal-pod-autoscaler ClusterRole=system:controller:horizontal-pod-autoscaler ServiceAccount=kube-system/horizontal-pod-autoscaler
        system:controller:job-controller ClusterRole=system:controller:job-controller ServiceAccount=kube-system/job-controller
        system:controller:legacy-service-account-token-cleaner ClusterRole=system:controller:legacy-service-account-token-cleaner ServiceAccount=kube-system/legacy-service-account-token-cleaner
        system:controller:namespace-controller ClusterRole=system:controller:namespace-controller ServiceAccount=kube-system/namespace-controller
        system:controller:node-controller ClusterRole=system:controller:node-controller ServiceAccount=kube-system/node-controller
        system:controller:persistent-volume-binder ClusterRole=system:controller:persistent-volume-binder ServiceAccount=kube-system/persistent-volume-binder
        system:controller:pod-garbage-collector ClusterRole=system:controller:pod-garbage-collector ServiceAccount=kube-system/pod-garbage-collector
        system:controller:pv-protection-controller ClusterRole=system:controller:pv-protection-controller ServiceAccount=kube-system/pv-protection-controller
        system:controller:pvc-protection-controller ClusterRole=system:controller:pvc-protection-controller ServiceAccount=kube-system/pvc-protection-controller
        system:controller:replicaset-controller ClusterRole=system:controller:replicaset-controller ServiceAccount=kube-system/replicaset-controller
        system:controller:replication-controller ClusterRole=system:controller:replication-controller ServiceAccount=kube-system/replication-controller
        system:controller:resource-claim-controller ClusterRole=system:controller:resource-claim-controller ServiceAccount=kube-system/resource-claim-controller
        system:controller:resourcequota-controller ClusterRole=system:controller:resourcequota-controller ServiceAccount=kube-system/resourcequota-controller
        system:controller:root-ca-cert-publisher ClusterRole=system:controller:root-ca-cert-publisher ServiceAccount=kube-system/root-ca-cert-publisher
        system:controller:route-controller ClusterRole=system:controller:route-controller ServiceAccount=kube-system/route-controller
        system:controller:selinux-warning-controller ClusterRole=system:controller:selinux-warning-controller ServiceAccount=kube-system/selinux-warning-controller
        system:controller:service-account-controller ClusterRole=system:controller:service-account-controller ServiceAccount=kube-system/service-account-controller
        system:controller:service-cidrs-controller ClusterRole=system:controller:service-cidrs-controller ServiceAccount=kube-system/service-cidrs-controller
        system:controller:service-controller ClusterRole=system:controller:service-controller ServiceAccount=kube-system/service-controller
        system:controller:statefulset-controller ClusterRole=system:controller:statefulset-controller ServiceAccount=kube-system/statefulset-controller
        system:controller:ttl-after-finished-controller ClusterRole=system:controller:ttl-after-finished-controller ServiceAccount=kube-system/ttl-after-finished-controller
        system:controller:ttl-controller ClusterRole=system:controller:ttl-controller ServiceAccount=kube-system/ttl-controller
        system:controller:validatingadmissionpolicy-status-controller ClusterRole=system:controller:validatingadmissionpolicy-status-controller ServiceAccount=kube-system/validatingadmissionpolicy-status-controller
        system:controller:volumeattributesclass-protection-controller ClusterRole=system:controller:volumeattributesclass-protection-controller ServiceAccount=kube-system/volumeattributesclass-protection-controller
        system:discovery ClusterRole=system:discovery Group=system:authenticated
        system:kube-controller-manager ClusterRole=system:kube-controller-manager User=system:kube-controller-manager
        system:kube-dns ClusterRole=system:kube-dns ServiceAccount=kube-system/kube-dns
        system:kube-scheduler ClusterRole=system:kube-scheduler User=system:kube-scheduler
        system:monitoring ClusterRole=system:monitoring Group=system:monitoring
        system:node ClusterRole=system:node
        system:node-proxier ClusterRole=system:node-proxier User=system:kube-proxy
        system:public-info-viewer ClusterRole=system:public-info-viewer Group=system:authenticated Group=system:unauthenticated
        system:service-account-issuer-discovery ClusterRole=system:service-account-issuer-discovery Group=system:serviceaccounts
        system:volume-scheduler ClusterRole=system:volume-scheduler User=system:kube-scheduler
        """

    static let roleBindings = """
        kube-public/system:controller:bootstrap-signer Role=system:controller:bootstrap-signer ServiceAccount=kube-system/bootstrap-signer
        kube-system/system::extension-apiserver-authentication-reader Role=extension-apiserver-authentication-reader User=system:kube-controller-manager User=system:kube-scheduler
        kube-system/system::leader-locking-kube-controller-manager Role=system::leader-locking-kube-controller-manager User=system:kube-controller-manager ServiceAccount=kube-system/kube-controller-manager ServiceAccount=kube-system/leader-election-controller
        kube-system/system::leader-locking-kube-scheduler Role=system::leader-locking-kube-scheduler User=system:kube-scheduler ServiceAccount=kube-system/kube-scheduler
        kube-system/system:controller:bootstrap-signer Role=system:controller:bootstrap-signer ServiceAccount=kube-system/bootstrap-signer
        kube-system/system:controller:cloud-provider Role=system:controller:cloud-provider ServiceAccount=kube-system/cloud-provider
        kube-system/system:controller:token-cleaner Role=system:controller:token-cleaner ServiceAccount=kube-system/token-cleaner
        """
}
