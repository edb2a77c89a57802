internal import APIMachinery
internal import KubernetesAPI

/// What one look at a CronJob leads to: pure functions of the object, its Jobs and the time.
struct CronSync {
    struct Note: Hashable {
        var type = "Normal"
        var reason: String
        var message: String
    }

    var cronJob: CronJob
    let jobs: [Job]
    let now: Timestamp
    private(set) var notes: [Note] = []

    init(_ cronJob: CronJob, jobs: [Job], now: Timestamp) {
        self.cronJob = cronJob
        self.jobs = jobs
        self.now = now
    }

    mutating func note(_ reason: String, _ message: String, type: String = "Normal") {
        notes.append(Note(type: type, reason: reason, message: message))
    }

    // MARK: Jobs that ended

    /// Takes Jobs that ended off the list of active ones.
    ///
    /// - Returns: The names of active ones that are not there: whether they are gone must be asked.
    mutating func noteEnded() -> [ObjectReference] {
        for job in jobs {
            let isListed = cronJob.status.active.contains { $0.uid == job.metadata.uid }
            if let end = job.end {
                if isListed {
                    cronJob.status.active.removeAll { $0.uid == job.metadata.uid }
                    note("SawCompletedJob", "Saw completed job: \(job.metadata.name ?? ""), condition: \(end.type)")
                }
                if end.type == JobNames.Condition.complete, let time = job.status.completionTime {
                    cronJob.status.lastSuccessfulTime = max(cronJob.status.lastSuccessfulTime ?? time, time)
                }
            } else if !isListed {
                note(
                    "UnexpectedJob", "Saw a job that the controller did not create or forgot: \(job.metadata.name ?? "")", type: "Warning")
            }
        }
        let known = Set(jobs.compactMap(\.metadata.uid))
        return cronJob.status.active.filter { !known.contains($0.uid ?? "") }
    }

    mutating func noteMissing(_ reference: ObjectReference) {
        cronJob.status.active.removeAll { $0.uid == reference.uid }
        note("MissingJob", "Active job went missing: \(reference.name ?? "")")
    }

    /// Jobs beyond what is kept of the good and of the bad ones, the oldest.
    var surplus: [Job] {
        func oldest(_ type: String, _ limit: Int32?) -> [Job] {
            guard let limit else { return [] }
            let ended = jobs.filter { $0.end?.type == type && !$0.metadata.isBeingDeleted }.sorted { one, other in
                let (start, otherStart) = (one.status.startTime, other.status.startTime)
                guard start != otherStart, let start, let otherStart else {
                    if (start == nil) != (otherStart == nil) { return start != nil }
                    return (one.metadata.name ?? "") < (other.metadata.name ?? "")
                }
                return start < otherStart
            }
            return Array(ended.prefix(max(0, ended.count - Int(limit))))
        }
        return oldest(JobNames.Condition.complete, cronJob.spec.successfulJobsHistoryLimit)
            + oldest(JobNames.Condition.failed, cronJob.spec.failedJobsHistoryLimit)
    }

    // MARK: The next run

    enum Start: Hashable {
        case no
        /// After the active ones are deleted, if they are to be replaced.
        case yes(at: Timestamp, replacing: [ObjectReference])
    }

    /// - Parameter times: nil when the schedule can't be read.
    mutating func start(_ times: CronTimes) -> Start {
        let (_, due, missed) = times.mostRecent(obeysDeadline: true)
        if missed == .many {
            note(
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew", type: "Warning")
        }
        guard let due else { return .no }
        if let seconds = cronJob.spec.startingDeadlineSeconds, due + .seconds(seconds) < now {
            note("MissSchedule", "Missed scheduled time to start a job: \(GoTime.rfc1123Z(due))", type: "Warning")
            return .no
        }
        let name = Self.jobName(cronJob, at: due)
        guard !cronJob.status.active.contains(where: { $0.name == name }), cronJob.status.lastScheduleTime != due else { return .no }
        switch cronJob.spec.concurrencyPolicy {
        case "Forbid" where !cronJob.status.active.isEmpty:
            note("JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid")
            return .no
        case "Replace": return .yes(at: due, replacing: cronJob.status.active)
        default: return .yes(at: due, replacing: [])
        }
    }

    mutating func noteStarted(_ job: Job, at time: Timestamp) {
        cronJob.status.active.append(
            ObjectReference {
                $0.apiVersion = Job.groupVersionKind.apiVersion
                $0.kind = Job.groupVersionKind.kind
                $0.namespace = job.metadata.namespace
                $0.name = job.metadata.name
                $0.uid = job.metadata.uid
                $0.resourceVersion = job.metadata.resourceVersion
            })
        cronJob.status.lastScheduleTime = time
    }

    /// The same time gives the same name: a run can't be started twice.
    static func jobName(_ cronJob: CronJob, at time: Timestamp) -> String { "\(cronJob.metadata.name ?? "")-\(time.seconds / 60)" }

    static func job(of cronJob: CronJob, at time: Timestamp, in zone: TimeZoneRules) -> Job {
        Job {
            $0.metadata.name = jobName(cronJob, at: time)
            $0.metadata.namespace = cronJob.metadata.namespace
            $0.metadata.labels = cronJob.spec.jobTemplate.metadata.labels
            $0.metadata.annotations = cronJob.spec.jobTemplate.metadata.annotations
            $0.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] = GoTime.rfc3339(
                time, offset: zone.offset(at: Int(time.seconds)))
            $0.metadata.ownerReferences = [Owner(cronJob).reference]
            $0.spec = cronJob.spec.jobTemplate.spec
        }
    }
}

/// Times as clients of the API see them written.
enum GoTime {
    static func rfc3339(_ time: Timestamp, offset: Int) -> String {
        guard offset != 0 else { return "\(time.truncatedToSeconds)" }
        let local = "\(Timestamp(seconds: time.seconds + Int64(offset)))".dropLast()
        return "\(local)\(zone(offset, separator: ":"))"
    }

    /// `Mon, 02 Jan 2006 15:04:05 -0700`, in UTC.
    static func rfc1123Z(_ time: Timestamp) -> String {
        let number = floorDivide(Int(time.seconds), 86_400)
        let (day, second) = (CivilDay(number: number), Int(time.seconds) - number * 86_400)
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][CivilDay.weekday(number)]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][day.month - 1]
        let clock = "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
        return "\(weekday), \(two(day.day)) \(month) \(day.year) \(clock) +0000"
    }

    private static func zone(_ offset: Int, separator: String) -> String {
        "\(offset < 0 ? "-" : "+")\(two(abs(offset) / 3600))\(separator)\(two(abs(offset) / 60 % 60))"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
