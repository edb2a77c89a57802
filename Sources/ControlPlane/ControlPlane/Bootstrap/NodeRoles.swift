// swift-format-ignore-file
// One role or binding a line, as in DefaultRoles and DefaultBindings.

/// What nodes that join by themselves need beyond Kubernetes' own roles. Kubernetes leaves this to its installers; these are much like kubeadm's.
///
/// - Who shows a bootstrap token may ask for a node's client certificate and gets it; the node may ask for its next one.
/// - Nodes see what services, network policies and routes depend on, since their agents see to these too.
/// - Everybody may read which authority the cluster has: who knows its hash knows the server.
enum NodeRoles {
    static let clusterRoles = """
        swiftlet:node-network
          get,list,watch core namespaces,nodes,pods,services
          get,list,watch discovery.k8s.io endpointslices
          get,list,watch networking.k8s.io networkpolicies,servicecidrs
        """

    static let roles = """
        kube-public/swiftlet:cluster-info
          get core configmaps cluster-info
        kube-system/swiftlet:node-network
          get core configmaps swiftlet-network
        """

    static let clusterRoleBindings = """
        swiftlet:node-bootstrapper ClusterRole=system:node-bootstrapper Group=system:bootstrappers
        swiftlet:node-client-approval ClusterRole=system:certificates.k8s.io:certificatesigningrequests:nodeclient Group=system:bootstrappers
        swiftlet:node-client-renewal ClusterRole=system:certificates.k8s.io:certificatesigningrequests:selfnodeclient Group=system:nodes
        swiftlet:node-network ClusterRole=swiftlet:node-network Group=system:nodes
        swiftlet:node-serving-approval ClusterRole=system:certificates.k8s.io:kubelet-serving-approver ServiceAccount=kube-system/certificate-controller
        """

    static let roleBindings = """
        kube-public/swiftlet:cluster-info Role=swiftlet:cluster-info Group=system:unauthenticated Group=system:authenticated
        kube-system/swiftlet:node-network Role=swiftlet:node-network Group=system:nodes
        """
}
