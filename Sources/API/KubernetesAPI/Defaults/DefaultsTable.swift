/// What a field gets where its author says nothing: a line for a type, then a line for a field of it with the value in
/// JSON. What depends on other fields is in `ComputedDefaults`.
enum DefaultsTable {
    static let text = #"""
        @admissionregistration/v1.MatchResources
        matchPolicy "Equivalent"
        namespaceSelector {}
        objectSelector {}
        @admissionregistration/v1.MutatingWebhook
        failurePolicy "Fail"
        matchPolicy "Equivalent"
        namespaceSelector {}
        objectSelector {}
        reinvocationPolicy "Never"
        timeoutSeconds 10
        @admissionregistration/v1.ValidatingWebhook
        failurePolicy "Fail"
        matchPolicy "Equivalent"
        namespaceSelector {}
        objectSelector {}
        timeoutSeconds 10
        @admissionregistration/v1.RuleWithOperations
        scope "*"
        @admissionregistration/v1.NamedRuleWithOperations
        scope "*"
        @admissionregistration/v1.ServiceReference
        port 443
        @admissionregistration/v1.ValidatingAdmissionPolicySpec
        failurePolicy "Fail"
        @apiextensions/v1.ServiceReference
        port 443
        @apiextensions/v1.CustomResourceConversion
        strategy "None"
        @apiextensions/v1.CustomResourceDefinitionSpec
        conversion {"strategy":"None"}
        @apiregistration/v1.ServiceReference
        port 443
        @apps/v1.DaemonSetSpec
        revisionHistoryLimit 10
        @apps/v1.DaemonSetUpdateStrategy
        type "RollingUpdate"
        @apps/v1.RollingUpdateDaemonSet
        maxUnavailable 1
        maxSurge 0
        @apps/v1.DeploymentSpec
        replicas 1
        revisionHistoryLimit 10
        progressDeadlineSeconds 600
        @apps/v1.DeploymentStrategy
        type "RollingUpdate"
        @apps/v1.RollingUpdateDeployment
        maxUnavailable "25%"
        maxSurge "25%"
        @apps/v1.ReplicaSetSpec
        replicas 1
        @apps/v1.StatefulSetSpec
        replicas 1
        podManagementPolicy "OrderedReady"
        revisionHistoryLimit 10
        persistentVolumeClaimRetentionPolicy {}
        @apps/v1.StatefulSetUpdateStrategy
        type "RollingUpdate"
        @apps/v1.RollingUpdateStatefulSetStrategy
        partition 0
        @apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy
        whenDeleted "Retain"
        whenScaled "Retain"
        @authentication/v1.TokenRequestSpec
        expirationSeconds 3600
        @autoscaling/v1.HorizontalPodAutoscalerSpec
        minReplicas 1
        @autoscaling/v2.HorizontalPodAutoscalerSpec
        minReplicas 1
        metrics [{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]
        @batch/v1.CronJobSpec
        concurrencyPolicy "Allow"
        suspend false
        successfulJobsHistoryLimit 3
        failedJobsHistoryLimit 1
        @batch/v1.PodFailurePolicyOnPodConditionsPattern
        status "True"
        @core/v1.AzureDiskVolumeSource
        cachingMode "ReadWrite"
        kind "Shared"
        fsType "ext4"
        readOnly false
        @core/v1.ClientIPConfig
        timeoutSeconds 10800
        @core/v1.ConfigMapVolumeSource
        defaultMode 420
        @core/v1.SecretVolumeSource
        defaultMode 420
        @core/v1.DownwardAPIVolumeSource
        defaultMode 420
        @core/v1.ProjectedVolumeSource
        defaultMode 420
        @core/v1.Container
        terminationMessagePath "/dev/termination-log"
        terminationMessagePolicy "File"
        @core/v1.EphemeralContainer
        terminationMessagePath "/dev/termination-log"
        terminationMessagePolicy "File"
        @core/v1.ContainerPort
        protocol "TCP"
        @core/v1.EndpointPort
        protocol "TCP"
        @core/v1.GRPCAction
        service ""
        @core/v1.HTTPGetAction
        path "/"
        scheme "HTTP"
        @core/v1.HostPathVolumeSource
        type ""
        @core/v1.ISCSIVolumeSource
        iscsiInterface "default"
        @core/v1.ISCSIPersistentVolumeSource
        iscsiInterface "default"
        @core/v1.NamespaceStatus
        phase "Active"
        @core/v1.ObjectFieldSelector
        apiVersion "v1"
        @core/v1.PersistentVolumeClaimSpec
        volumeMode "Filesystem"
        @core/v1.PersistentVolumeClaimStatus
        phase "Pending"
        @core/v1.PersistentVolumeSpec
        persistentVolumeReclaimPolicy "Retain"
        volumeMode "Filesystem"
        @core/v1.PersistentVolumeStatus
        phase "Pending"
        @core/v1.PodSpec
        dnsPolicy "ClusterFirst"
        restartPolicy "Always"
        schedulerName "default-scheduler"
        securityContext {}
        terminationGracePeriodSeconds 30
        @core/v1.Probe
        timeoutSeconds 1
        periodSeconds 10
        successThreshold 1
        failureThreshold 3
        @core/v1.RBDVolumeSource
        pool "rbd"
        user "admin"
        keyring "/etc/ceph/keyring"
        @core/v1.RBDPersistentVolumeSource
        pool "rbd"
        user "admin"
        keyring "/etc/ceph/keyring"
        @core/v1.ReplicationControllerSpec
        replicas 1
        @core/v1.ScaleIOVolumeSource
        storageMode "ThinProvisioned"
        fsType "xfs"
        @core/v1.ScaleIOPersistentVolumeSource
        storageMode "ThinProvisioned"
        fsType "xfs"
        @core/v1.Secret
        type "Opaque"
        @core/v1.ServiceAccountTokenProjection
        expirationSeconds 3600
        @core/v1.ServicePort
        protocol "TCP"
        @core/v1.ServiceSpec
        sessionAffinity "None"
        type "ClusterIP"
        @discovery/v1.EndpointPort
        name ""
        protocol "TCP"
        @flowcontrol/v1.FlowSchemaSpec
        matchingPrecedence 1000
        @flowcontrol/v1.QueuingConfiguration
        queues 64
        handSize 8
        queueLengthLimit 50
        @flowcontrol/v1.LimitedPriorityLevelConfiguration
        nominalConcurrencyShares 30
        lendablePercent 0
        @flowcontrol/v1.ExemptPriorityLevelConfiguration
        nominalConcurrencyShares 0
        lendablePercent 0
        @networking/v1.IngressClassParametersReference
        scope "Cluster"
        @networking/v1.NetworkPolicyPort
        protocol "TCP"
        @rbac/v1.RoleRef
        apiGroup "rbac.authorization.k8s.io"
        @scheduling/v1.PriorityClass
        preemptionPolicy "PreemptLowerPriority"
        @storage/v1.CSIDriverSpec
        attachRequired true
        podInfoOnMount false
        storageCapacity false
        fsGroupPolicy "ReadWriteOnceWithFSType"
        requiresRepublish false
        seLinuxMount false
        volumeLifecycleModes ["Persistent"]
        @storage/v1.StorageClass
        reclaimPolicy "Delete"
        volumeBindingMode "Immediate"
        """#
}
