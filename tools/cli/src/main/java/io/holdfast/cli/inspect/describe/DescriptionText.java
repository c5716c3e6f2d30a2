package io.holdfast.cli.inspect.describe;

import io.holdfast.cli.inspect.Lines;
import io.holdfast.cli.inspect.connections.TrackedConnection;
import io.holdfast.cli.inspect.describe.Description.Checkpoint;
import io.holdfast.cli.inspect.describe.Description.Step;
import io.holdfast.cli.inspect.describe.Description.Takeover;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Owned by the thread that prints: a {@link Description} for people. */
final class DescriptionText {
    private static final int SHOWN = 10;
    private static final int LABEL = 14;

    private final Lines to;
    private final boolean all;

    DescriptionText(Lines to, boolean all) {
        this.to = to;
        this.all = all;
    }

    void print(Description about) {
        label("journal").add(about.journal()).end();
        if (about.lastIndex() == 0) {
            label("entries").add("none").end();
            return;
        }
        label("entries").add(about.firstIndex()).add(" to ").add(about.lastIndex()).add(", committed to ").add(about.committedIndex())
                .end();
        label("time").add(about.firstTime()).add(" to ").add(about.lastTime()).end();
        label("nodes").add(String.join(", ", about.nodes())).add("; members: ").add(String.join(", ", about.members())).end();
        about.kinds().forEach((kind, amount) -> label("").add(kind).column(LABEL + 20).add(amount.entries(), 12).add(" entries")
                .add(amount.bytes(), 15).add(" bytes").end());
        newest("terms", about.terms(), each -> to.add("term ").add(each.term()).add(" led by ")
                .add(each.leader() == null ? "?" : each.leader()).add(", entries ").add(each.firstIndex()).add(" to ")
                .add(each.lastIndex()).add(", ").add(each.firstTime()).add(" to ").add(each.lastTime()));
        newest("checkpoints", about.checkpoints(), this::checkpoint);
        newest("takeovers", about.takeovers(), this::takeover);
        connections(about);
        gaps(about);
        if (about.leftOut() > 0) {
            to.add(about.leftOut()).add(" more of these were counted and not kept").end();
        }
    }

    private Lines label(String label) {
        return to.add(label).column(LABEL);
    }

    private <T> void newest(String label, List<T> of, Consumer<T> print) {
        int from = all ? 0 : Math.max(0, of.size() - SHOWN);
        label(label).add(of.size());
        if (from > 0) {
            to.add(", the newest ").add(SHOWN).add(':');
        }
        to.end();
        for (T each : of.subList(from, of.size())) {
            label("");
            print.accept(each);
            to.end();
        }
    }

    private void checkpoint(Checkpoint each) {
        to.add("mark ").add(each.markIndex()).add(" by ").add(each.node());
        if (!each.reason().isEmpty()) {
            to.add(" (").add(each.reason()).add(')');
        }
        if (each.readyIndex() == 0) {
            to.add(", never ready");
        } else {
            to.add(", ready at entry ").add(each.readyIndex()).add(" after ").add(each.readyAfterMs()).add(" ms, gate closed ")
                    .add(ms(each.gateClosedMs())).add(", ").add(each.bytes()).add(" bytes at ").add(String.join(", ", each.holders()))
                    .add(", manifest ").add(shortened(each.manifestSha256()));
        }
        to.add(", age ").add(each.ageMs() / 1000).add(" s");
    }

    private static String shortened(String digest) {
        return digest.substring(0, Math.min(12, digest.length()));
    }

    private void takeover(Takeover each) {
        to.add("term ").add(each.term()).add(" by ").add(each.node()).add(" at ").add(each.time()).add(each.complete() ? ":" : ", not completed:");
        for (Step step : each.steps()) {
            to.add(' ').add(step.step()).add(' ').add(ms(step.elapsedMs()));
        }
        each.counts().forEach((name, count) -> to.add(", ").add(name).add(' ').add(count));
    }

    private static String ms(double ms) {
        return String.format(Locale.ROOT, "%.1f ms", ms);
    }

    private void connections(Description about) {
        label("connections").add(about.connections().values().stream().mapToLong(Long::longValue).sum());
        for (TrackedConnection.State state : TrackedConnection.State.values()) {
            long count = about.connections().getOrDefault(state, 0L);
            if (count > 0) {
                to.add(", ").add(count).add(' ').add(state.name());
            }
        }
        to.end();
    }

    private void gaps(Description about) {
        label("gaps");
        if (about.droppedThroughIndex() > 0) {
            to.add("entries to ").add(about.droppedThroughIndex()).add(" were dropped or are covered by a snapshot");
        } else {
            to.add("none at the beginning");
        }
        to.end();
        about.pauses().forEach(pause -> label("").add("nothing for ").add(pause.ms() / 1000).add(" s after entry ")
                .add(pause.afterIndex()).add(", ").add(pause.since()).end());
    }
}
