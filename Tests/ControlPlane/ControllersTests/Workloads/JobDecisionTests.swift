import APIMachinery
import KubernetesAPI
import Testing

@testable import Controllers

struct JobDecisionTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    private func job(_ change: (inout Job) -> Void = { _ in }) -> Job {
        var job = Job {
            $0.metadata.name = "x"
            $0.metadata.namespace = "ns"
            $0.metadata.uid = "job"
            $0.spec.completions = 3
            $0.spec.parallelism = 2
            $0.spec.backoffLimit = 6
            $0.status.startTime = now
        }
        change(&job)
        return job
    }

    private func pod(_ uid: String, _ phase: String, index: Int? = nil, exitCode: Int32 = 0, ended: Duration = .zero) -> Pod {
        Pod {
            $0.metadata.name = "x-\(uid)"
            $0.metadata.namespace = "ns"
            $0.metadata.uid = uid
            $0.metadata.creationTimestamp = now
            $0.metadata.finalizers = [JobNames.finalizer]
            if let index { $0.metadata.annotations[JobNames.completionIndex] = "\(index)" }
            $0.status.phase = phase
            if phase == "Succeeded" || phase == "Failed" {
                $0.status.containerStatuses = [
                    ContainerStatus {
                        $0.name = "c"
                        $0.state.terminated = ContainerStateTerminated {
                            $0.exitCode = exitCode
                            $0.finishedAt = now + ended
                        }
                    }
                ]
            }
        }
    }

    private func action(_ job: Job, _ pods: [Pod], after: Duration = .zero) -> (JobSync.Action, JobSync) {
        var sync = JobSync(job, pods: pods, backoff: nil, now: now + after)
        return (sync.action(), sync)
    }

    @Test func `as many pods run as are asked for, and no more than are still needed`() {
        #expect(action(job(), []).0 == .create([nil, nil]))
        #expect(action(job { $0.status.succeeded = 2 }, []).0 == .create([nil]))
        #expect(
            action(
                job {
                    $0.spec.completions = nil; $0.status.succeeded = 1
                }, [pod("a", "Running")]
            ).0 == .nothing)
        #expect(action(job { $0.spec.suspend = true }, [pod("a", "Running")]).0 == .delete([pod("a", "Running")], releasing: true))
        #expect(action(job { $0.spec.completionMode = "Indexed" }, [pod("a", "Running", index: 0)]).0 == .create([1]))
    }

    @Test(arguments: [(1, 10), (2, 20), (3, 40), (7, 600), (40, 600)])
    func `each failure doubles the wait`(_ failures: Int, _ seconds: Int) {
        #expect(JobBackoff.remaining(failures: failures, since: now, at: now) == .seconds(seconds))
    }

    @Test func `a failure waits, a success forgets it`() {
        let (waiting, sync) = action(job(), [pod("a", "Failed", exitCode: 1)], after: .seconds(4))
        #expect(waiting == .nothing)
        #expect(sync.again == .seconds(6))
        #expect(action(job(), [pod("a", "Failed", exitCode: 1)], after: .seconds(10)).0 == .create([nil, nil]))
        let both = [pod("a", "Failed", exitCode: 1), pod("b", "Succeeded", ended: .seconds(2))]
        #expect(action(job(), both, after: .seconds(4)).0 == .create([nil, nil]))
    }

    @Test(
        arguments: [
            (1, "FailJob", "PodFailurePolicy"), (1, "Ignore", nil), (1, "Count", nil), (0, "Count", "BackoffLimitExceeded"),
            (0, "Ignore", nil),
        ] as [(Int32, String, String?)])
    func `the failure policy decides what a failure means`(_ limit: Int32, _ ruleAction: String, _ reason: String?) {
        let job = self.job {
            $0.spec.backoffLimit = limit
            $0.spec.podFailurePolicy = PodFailurePolicy {
                $0.rules = [
                    PodFailurePolicyRule {
                        $0.action = ruleAction
                        $0.onExitCodes = PodFailurePolicyOnExitCodesRequirement {
                            $0.operator = "In"; $0.values = [42]
                        }
                    }
                ]
            }
        }
        let sync = JobSync(job, pods: [pod("a", "Failed", exitCode: 42)], backoff: nil, now: now)
        #expect(sync.verdict?.reason == reason)
    }

    @Test func `a finished pod is counted once, and only when its finalizer is gone`() {
        let pods = [pod("a", "Succeeded"), pod("b", "Running")]
        var sync = JobSync(job(), pods: pods, backoff: nil, now: now)
        _ = sync.action()
        _ = sync.didAct(created: 0, deleted: [], failed: false)
        let (finished, isAll) = sync.note()
        #expect(finished.map(\.metadata.uid) == ["a"])
        #expect(sync.job.status.uncountedTerminatedPods?.succeeded == ["a"])
        #expect(sync.job.status.succeeded == nil)
        let noted = sync.job
        _ = sync.conclude(noted, released: [], isAll: isAll)
        #expect(sync.job.status.succeeded == nil)
        _ = sync.conclude(noted, released: ["a"], isAll: isAll)
        #expect(sync.job.status.succeeded == 1)
        #expect(sync.job.status.uncountedTerminatedPods?.succeeded == [])
    }

    @Test(arguments: [
        ([0, 1, 2, 3, 5], "0-3,5"), ([1, 2], "1,2"), ([], ""), ([7], "7"), ([0, 1, 2], "0-2"), ([0, 2, 3, 4, 6, 7], "0,2-4,6,7"),
    ])
    func `indexes are written as ranges`(_ indexes: [Int], _ text: String) {
        #expect("\(CompletionIndexes(indexes))" == text)
        #expect(CompletionIndexes(parsing: text, completions: 100) == CompletionIndexes(indexes))
    }

    @Test func `the lowest missing indexes come first`() {
        #expect(CompletionIndexes([0, 2, 3]).firstMissing(3, below: 6) == [1, 4, 5])
        #expect(CompletionIndexes([0, 1]).firstMissing(3, below: 2) == [])
    }

    @Test func `a success policy is met by the indexes it names`() {
        let policy = SuccessPolicy {
            $0.rules = [
                SuccessPolicyRule {
                    $0.succeededIndexes = "0-2"; $0.succeededCount = 2
                }
            ]
        }
        #expect(policy.match(CompletionIndexes([0, 5]), completions: 10) == nil)
        #expect(policy.match(CompletionIndexes([0, 2]), completions: 10) == "Matched rules at index 0")
    }
}
