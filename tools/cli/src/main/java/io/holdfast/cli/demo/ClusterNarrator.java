package io.holdfast.cli.demo;

import io.holdfast.cli.demo.Timeline.Tone;
import io.holdfast.cli.status.NodeStatus.ServiceStatus;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Tells the timeline what changed on the nodes from one answer to the next. Called from many threads, one by one. */
final class ClusterNarrator {

    private final Timeline timeline;
    private final Map<String, ServiceStatus> before = new HashMap<>();
    private final Set<Long> takeoverTerms = new TreeSet<>();
    private long checkpointIndex;

    ClusterNarrator(Timeline timeline) {
        this.timeline = timeline;
    }

    synchronized void accept(String node, ServiceStatus now) {
        ServiceStatus old = before.get(node);
        if (now == null) {
            if (old != null) {
                before.remove(node);
                timeline.print(Tone.PLAIN, node + "  does not answer");
            }
            return;
        }
        before.put(node, now);
        if (old == null || !standing(old).equals(standing(now))) {
            timeline.print(now.livePrimary() ? Tone.GOOD : Tone.PLAIN, node + "  " + standing(now));
        }
        if (now.livePrimary() && now.checkpointIndex() > checkpointIndex) {
            checkpointIndex = now.checkpointIndex();
            timeline.print(Tone.PLAIN, String.format(Locale.ROOT, "%s  checkpoint ready at entry %d (%,d KiB)", node,
                    checkpointIndex, now.checkpoint().bytes() / 1024));
        }
        if (now.livePrimary() && now.takeoverTerm() > 0 && now.lastTakeover().live()
                && takeoverTerms.add(now.takeoverTerm())) {
            timeline.printAtEpochMillis(Tone.PLAIN, now.lastTakeover().startedEpochMillis(), node
                    + "  began to take over (" + now.lastTakeover().reason() + "): "
                    + steps(now.lastTakeover().stepsMs()));
        }
    }

    /** The terms of all takeovers any node told of. */
    synchronized Set<Long> takeoverTerms() {
        return new TreeSet<>(takeoverTerms);
    }

    static String steps(Map<String, Double> stepsMs) {
        return stepsMs.entrySet().stream()
                .map(step -> String.format(Locale.ROOT, "%s %.0f", step.getKey().toLowerCase(Locale.ROOT),
                        step.getValue()))
                .collect(Collectors.joining(", ")) + " ms";
    }

    private static String standing(ServiceStatus status) {
        return status.role() + (status.state() == null || status.state().equals(status.role()) ? ""
                : " " + status.state()) + ", term " + status.term();
    }
}
