package io.holdfast.cli.inspect.connections;

import io.holdfast.cli.inspect.EntryFilter;
import io.holdfast.cli.inspect.EntryJson;
import io.holdfast.cli.inspect.JournalArgument;
import io.holdfast.cli.inspect.Lines;
import io.holdfast.cli.inspect.PacketView;
import io.holdfast.cli.inspect.Progress;
import io.holdfast.cli.inspect.TimeText;
import io.holdfast.journal.EntryCursor;
import io.holdfast.journal.EntryKind;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast inspect connections}: one line a connection. */
@Command(name = "connections", mixinStandardHelpOptions = true,
        description = "List connections, one a line, in the order they were opened: what clients sent and acknowledged, and how it ended.",
        footer = {"", "Examples:",
                "  holdfast inspect connections DIR",
                "  holdfast inspect connections DIR --from -5m --peer 10.0.0.7",
                "  holdfast inspect connections DIR --json | jq 'select(.takeovers > 0)'"})
public final class ConnectionsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Mixin
    private EntryFilter filter;

    @Option(names = "--json", description = "one JSON object a line")
    private boolean json;

    private final TimeText time = new TimeText();

    @Override
    public Integer call() {
        try (JournalReader reader = journal.open()) {
            filter.locate(reader);
            ConnectionTracker tracker = track(reader);
            Lines lines = new Lines(spec.commandLine().getOut());
            if (!json) {
                header(lines);
            }
            for (TrackedConnection each : tracker.connections()) {
                if (json) {
                    object(each, lines);
                } else {
                    row(each, lines);
                }
            }
            lines.flush();
            if (tracker.notKept() > 0) {
                spec.commandLine().getErr().println(tracker.notKept() + " more connections are not listed: choose a shorter stretch "
                        + "with --from and --to");
            }
            return 0;
        }
    }

    private ConnectionTracker track(JournalReader reader) {
        ConnectionTracker tracker = new ConnectionTracker();
        JournalEntry entry = new JournalEntry();
        PacketView packet = new PacketView();
        EntryCursor cursor = reader.forward(filter.first());
        try (Progress progress = Progress.on(spec.commandLine().getErr(), filter.last() - filter.first() + 1)) {
            while (cursor.next(entry) && entry.index() <= filter.last()) {
                progress.step();
                packet.view(entry);
                if (entry.kind() != EntryKind.PACKET || filter.matches(entry, packet)) {
                    tracker.add(entry, packet);
                }
            }
        }
        return tracker;
    }

    private static void header(Lines to) {
        to.add("CONNECTION").column(45).add("STATE").column(54).add("   PACKETS       RECEIVED       ANSWERED  TAKEOVERS  OPENED").end();
    }

    private void row(TrackedConnection each, Lines to) {
        to.add(each.name()).column(45).add(each.state().name()).column(54).add(each.packets(), 10).add(each.receivedBytes(), 15)
                .add(each.answeredBytes(), 15).add(each.takeoversSurvived(), 11).add("  ");
        if (each.begunBefore()) {
            to.add("before ");
        }
        time.add(each.firstNanos(), to);
        to.add(", entries ").add(each.firstIndex()).add(" to ").add(each.lastIndex());
        if (each.stream() == null) {
            to.add(", UDP");
        } else {
            remarks(each, each.stream(), to);
        }
        to.end();
    }

    private static void remarks(TrackedConnection each, InboundStream stream, Lines to) {
        if (stream.repeatedBytes() > 0) {
            to.add(", ").add(stream.repeatedBytes()).add(" bytes repeated");
        }
        if (stream.waitingBytes() > 0) {
            to.add(", ").add(stream.waitingBytes()).add(" bytes behind a gap");
        }
        if (each.urgentSegments() > 0) {
            to.add(", ").add(each.urgentSegments()).add(" urgent segments");
        }
        if (!each.reason().isEmpty()) {
            to.add(", ").add(each.reason());
        }
    }

    private void object(TrackedConnection each, Lines to) {
        to.add("{\"connection\":\"").add(each.name()).add("\",\"protocol\":\"").add(each.protocol()).add("\",\"state\":\"")
                .add(each.state().name()).add("\",\"reason\":\"").add(EntryJson.quoted(each.reason())).add("\",\"begunBefore\":")
                .add(each.begunBefore() ? "true" : "false").add(",\"firstIndex\":").add(each.firstIndex()).add(",\"lastIndex\":")
                .add(each.lastIndex()).add(",\"firstTime\":\"");
        time.add(each.firstNanos(), to);
        to.add("\",\"lastTime\":\"");
        time.add(each.lastNanos(), to);
        to.add("\",\"packets\":").add(each.packets()).add(",\"payloadBytes\":").add(each.payloadBytes()).add(",\"receivedBytes\":")
                .add(each.receivedBytes()).add(",\"answeredBytes\":").add(each.answeredBytes()).add(",\"takeovers\":")
                .add(each.takeoversSurvived());
        if (each.stream() != null) {
            to.add(",\"repeatedBytes\":").add(each.stream().repeatedBytes()).add(",\"waitingBytes\":").add(each.stream().waitingBytes())
                    .add(",\"urgentSegments\":").add(each.urgentSegments());
        }
        to.add('}').end();
    }
}
