import APIMachinery
import Testing

@testable import Scheduler

struct ConfigurationTests {
    private func read(_ fields: JSONObject) throws -> SchedulerConfiguration {
        let base: JSONValue = ["apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"]
        return try SchedulerConfiguration(base.merging(.object(fields)))
    }

    @Test func `the default profile has upstream's name, plugins and weights`() throws {
        for configuration in [SchedulerConfiguration(), try read(JSONObject())] {
            let profile = configuration.profiles[0]
            #expect(profile.schedulerName == "default-scheduler")
            #expect(
                profile.filters.map(\.name) == [
                    "NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit",
                    "VolumeRestrictions",
                    "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread", "InterPodAffinity", "DynamicResources",
                ])
            #expect(
                Dictionary(uniqueKeysWithValues: profile.scores.map { ($0.plugin.name, $0.weight) }) == [
                    "TaintToleration": 3, "NodeAffinity": 2, "PodTopologySpread": 2, "InterPodAffinity": 2, "NodeResourcesFit": 1,
                    "NodeResourcesBalancedAllocation": 1, "ImageLocality": 1,
                ])
            #expect(profile.postFilters.map(\.name) == ["DynamicResources", "DefaultPreemption"])
        }
    }

    @Test func `profiles, weights, arguments and back-off of a file`() throws {
        let configuration = try read([
            "podInitialBackoffSeconds": 2, "podMaxBackoffSeconds": 20, "percentageOfNodesToScore": 30, "parallelism": 16,
            "profiles": [
                ["schedulerName": "default-scheduler"],
                [
                    "schedulerName": "packing",
                    "plugins": [
                        "score": [
                            "disabled": [["name": "ImageLocality"], ["name": "NodeAffinity"]],
                            "enabled": [["name": "NodeAffinity", "weight": 7]],
                        ],
                        "postFilter": ["disabled": [["name": "*"]]], "multiPoint": ["disabled": [["name": "VolumeZone"]]],
                    ],
                    "pluginConfig": [
                        [
                            "name": "NodeResourcesFit",
                            "args": ["scoringStrategy": ["type": "MostAllocated", "resources": [["name": "cpu", "weight": 5]]]],
                        ]
                    ],
                ],
            ],
        ])
        #expect(configuration.delays.first == .seconds(2) && configuration.delays.longest == .seconds(20))
        #expect(configuration.profiles.map(\.schedulerName) == ["default-scheduler", "packing"])
        let packing = configuration.profiles[1]
        #expect(packing.percentageOfNodesToScore == 30)
        #expect(packing.postFilters.isEmpty)
        #expect(!packing.filters.contains { $0.name == "VolumeZone" })
        #expect(packing.filters.contains { $0.name == "NodeAffinity" })
        let weights = Dictionary(uniqueKeysWithValues: packing.scores.map { ($0.plugin.name, $0.weight) })
        #expect(weights["NodeAffinity"] == 7 && weights["ImageLocality"] == nil)
        let fit = try #require(packing.plugins.compactMap { $0 as? NodeResourcesFit }.first)
        #expect(fit.strategy == .mostAllocated([.init("cpu", weight: 5)]))
    }

    @Test(
        arguments: [
            (["extenders": [["urlPrefix": "http://x"]]], "extenders: extenders are not supported: a plugin"),
            (["podInitialBackoffSeconds": 0], "podInitialBackoffSeconds: 0: a whole number from 1 to 86400"),
            (["profiles": [["schedulerName": "a"], ["schedulerName": "a"]]], "profiles[1].schedulerName: a: a name of its own"),
            (
                ["profiles": [["plugins": ["score": ["enabled": [["weight": 1]]]]]]],
                "profiles[0].plugins.score.enabled[0].name: missing: a plugin's name"
            ),
            (
                ["profiles": [["pluginConfig": [["name": "NodeResourcesFit", "args": ["scoringStrategy": ["type": "Best"]]]]]]],
                "profiles[0].pluginConfig[0].args.scoringStrategy.type: Best: LeastAllocated, MostAllocated or RequestedToCapacityRatio"
            ),
        ] as [(JSONObject, String)])
    func `what is wrong is named with its place`(fields: JSONObject, text: String) {
        do {
            _ = try read(fields)
            Issue.record("no error")
        } catch {
            #expect("\(error)" == text)
        }
    }
}
