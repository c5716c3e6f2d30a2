package io.holdfast.cli.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cli.demo.Timeline.Tone;
import java.util.List;
import java.util.Locale;

/**
 * What came of a run. Immutable.
 *
 * @param client the client's last report; null when the run failed before a client counted
 * @param elsewherePauseMs the longest pause that belongs to no takeover (a checkpoint, a rejoin)
 * @param unexpectedTakeovers takeovers nobody caused
 * @param lateFrames frames that a former primary sent as the VIP after the new one had begun to (I2)
 * @param failure why the run could not be ended; null when it was
 */
record Verdict(DemoOptions options, ClientReport client, List<Takeover> takeovers, double elsewherePauseMs,
        int unexpectedTakeovers, long lateFrames, String failure) {

    Verdict {
        takeovers = List.copyOf(takeovers);
    }

    boolean passed() {
        return failure == null && client != null && takeovers.size() == options.kills()
                && client.answers() > 0 && client.wrong() == 0 && client.lost() == 0 && client.broken() == 0
                && lateFrames == 0 && client.finalDifferent() == 0 && client.finalCompared() == client.connections();
    }

    ObjectNode toJson() {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("passed", passed());
        json.put("failure", failure);
        json.put("fault", options.fault().name().toLowerCase(Locale.ROOT));
        json.put("checkpoint", options.checkpoints() ? "criu" : "none");
        json.put("seed", options.seed());
        json.put("answersChecked", client == null ? 0 : client.answers());
        json.put("wrong", client == null ? 0 : client.wrong());
        json.put("lost", client == null ? 0 : client.lost());
        json.put("connectionsBroken", client == null ? 0 : client.broken());
        json.put("connections", client == null ? 0 : client.connections());
        json.put("finalValuesCompared", client == null ? 0 : client.finalCompared());
        json.put("finalValuesDifferent", client == null ? 0 : client.finalDifferent());
        ArrayNode gaps = json.putArray("longestGapMs");
        takeovers.forEach(takeover -> gaps.add(takeover.longestGapMs()));
        json.put("longestPauseElsewhereMs", elsewherePauseMs);
        json.put("unexpectedTakeovers", unexpectedTakeovers);
        json.put("lateFrames", lateFrames);
        if (client != null) {
            json.set("latencyMicros", client.latencyMicros());
            ArrayNode complaints = json.putArray("complaints");
            client.complaints().forEach(complaints::add);
        }
        ArrayNode each = json.putArray("takeovers");
        takeovers.forEach(takeover -> {
            ObjectNode one = each.addObject();
            one.put("oldPrimary", takeover.oldPrimary()).put("newPrimary", takeover.newPrimary());
            one.put("term", takeover.term()).put("reason", takeover.reason());
            one.put("noticedMs", takeover.noticedMs()).put("answeredMs", takeover.answeredMs());
            ObjectNode steps = one.putObject("stepsMs");
            takeover.stepsMs().forEach(steps::put);
            ObjectNode details = one.putObject("details");
            takeover.details().forEach(details::put);
            one.put("longestGapMs", takeover.longestGapMs());
        });
        return json;
    }

    void print(Timeline timeline) {
        timeline.plain(Tone.PLAIN, "");
        if (client != null) {
            row(timeline, "answers checked", String.format(Locale.ROOT, "%,d", client.answers()));
            row(timeline, "wrong", Long.toString(client.wrong()));
            row(timeline, "lost", Long.toString(client.lost()));
            row(timeline, "connections broken", client.broken() + " of " + client.connections());
            row(timeline, "final values", client.finalCompared() + " compared, " + client.finalDifferent()
                    + " different");
            row(timeline, "latency", String.format(Locale.ROOT, "p50 %,d us, p99 %,d us",
                    client.latencyMicros().get("p50").asLong(), client.latencyMicros().get("p99").asLong()));
        }
        for (int i = 0; i < takeovers.size(); i++) {
            Takeover takeover = takeovers.get(i);
            row(timeline, "takeover " + (i + 1), String.format(Locale.ROOT,
                    "%s -> %s, term %d: longest gap %.0f ms, all answered %.0f ms after the fault",
                    takeover.oldPrimary(), takeover.newPrimary(), takeover.term(), takeover.longestGapMs(),
                    takeover.answeredMs()));
            row(timeline, "", String.format(Locale.ROOT, "begun %.0f ms after the fault; then %s",
                    takeover.noticedMs(), ClusterNarrator.steps(takeover.stepsMs())));
            takeover.details().forEach((step, detail) -> row(timeline, "",
                    "  " + step.toLowerCase(Locale.ROOT) + ": " + detail));
        }
        row(timeline, "other pauses", String.format(Locale.ROOT, "longest %.0f ms", elsewherePauseMs));
        row(timeline, "two senders", lateFrames == 0 ? "never" : lateFrames
                + " frames sent as the VIP by a former primary after the new one had begun");
        if (unexpectedTakeovers > 0) {
            row(timeline, "unexpected", unexpectedTakeovers + " takeovers that no fault caused");
        }
        if (client != null) {
            client.complaints().forEach(complaint -> timeline.plain(Tone.ALARM, "  " + complaint));
        }
        if (failure != null) {
            timeline.plain(Tone.ALARM, "  " + failure);
        }
        timeline.plain(passed() ? Tone.GOOD : Tone.ALARM, passed()
                ? "PASSED: every answer came once, in order and right; no connection broke."
                : "FAILED");
    }

    private static void row(Timeline timeline, String name, String value) {
        timeline.plain(Tone.PLAIN, String.format("  %-20s %s", name, value));
    }
}
