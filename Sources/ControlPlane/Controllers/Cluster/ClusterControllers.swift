/// The controllers of everything but workloads.
package enum ClusterControllers {
    package static let all: [any Controller.Type] = [
        GarbageCollector.self, NamespaceController.self, EndpointSliceController.self, EndpointsController.self,
        EndpointSliceMirroring.self, NodeController.self, NodeTTLController.self, PodCollector.self, DisruptionController.self,
        QuotaController.self, VolumeBinder.self,
        ClaimProtection.self, VolumeProtection.self, EphemeralVolumes.self, Autoscaler.self, CertificateController.self,
        TokenSecrets.self, BootstrapTokenCleaner.self, ServiceController.self, NodeDNSEndpoints.self,
    ]
}
