package io.holdfast.cli.inspect;

import io.holdfast.journal.JournalAudit;
import io.holdfast.journal.JournalEntry;
import io.holdfast.journal.JournalReader;
import io.holdfast.journal.Snapshot;
import io.holdfast.journal.Violation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code holdfast inspect verify}: checks a whole journal rule by rule, and can write a clean copy of its good part. */
@Command(name = "verify", mixinStandardHelpOptions = true,
        description = "Check a whole journal: checksums, chain, indices, terms, cuts, commit index, what entries say, and the checkpoints beside it.",
        footer = {"", "Examples:",
                "  holdfast inspect verify DIR",
                "  holdfast inspect verify DIR --json | head",
                "  holdfast inspect verify DIR --repair /srv/clean",
                "", "Exit code: 0 whole, 1 violations were found, 2 the journal could not be read."})
final class VerifyCommand implements Callable<Integer> {
    /** What is told one by one; a journal of noise has a violation every few bytes. */
    private static final long MAX_TOLD = 1_000;

    @Spec
    private CommandSpec spec;

    @Mixin
    private JournalArgument journal;

    @Option(names = "--json", description = "one JSON object a violation")
    private boolean json;

    @Option(names = "--repair", paramLabel = "OUT", description = "write a clean copy, up to the last entry before the first damage, "
            + "to this new directory; the journal itself is not touched")
    private Path repaired;

    @Option(names = "--checkpoints", paramLabel = "DIR", description = "the checkpoints to compare with what was committed (default: the "
            + "directory 'checkpoints' beside the journal, if there is one)")
    private Path checkpoints;

    private Lines lines;
    private long violations;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        lines = new Lines(out);
        Path dir = journal.dir();
        if (repaired != null && !CleanCopy.isFree(repaired)) {
            throw new ParameterException(spec.commandLine(), repaired + " is not empty");
        }
        ContentRules rules = new ContentRules(this::tell);
        CheckpointRule ready = new CheckpointRule();
        Progress progress = Progress.on(spec.commandLine().getErr(), 0);
        JournalAudit audit = new JournalAudit(dir, new JournalAudit.Visitor() {
            @Override
            public void onRecord(JournalEntry record, Path file, long offsetBytes) {
                progress.step();
                rules.check(record, file, offsetBytes);
                ready.note(record);
            }

            @Override
            public void onViolation(Violation violation) {
                tell(violation);
            }
        });
        audit.run();
        progress.close();
        String compared = checkCheckpoints(dir, ready);
        if (!json) {
            lines.add(violations == 0 ? "whole: " : violations + " violations: ").add(audit.records()).add(" records, last entry ")
                    .add(audit.lastIndex()).add(", committed ").add(audit.commitIndex()).add(compared).end();
        }
        if (repaired != null) {
            repair(dir, audit);
        }
        lines.flush();
        return violations == 0 ? 0 : 1;
    }

    private String checkCheckpoints(Path dir, CheckpointRule ready) {
        Path store = checkpoints != null ? checkpoints : dir.toAbsolutePath().resolveSibling("checkpoints");
        if (checkpoints == null && !Files.isDirectory(store)) {
            return "";
        }
        return ", " + ready.check(store, this::tell) + " checkpoints as committed";
    }

    private void repair(Path dir, JournalAudit audit) throws IOException {
        Snapshot snapshot = null;
        try (JournalReader reader = JournalReader.open(dir)) {
            snapshot = reader.floorIndex() > 0 ? reader.snapshot() : null;
        } catch (io.holdfast.journal.JournalException damage) {
            spec.commandLine().getErr().println("without its snapshot: " + damage.getMessage());
        }
        long last = CleanCopy.write(dir, repaired, audit.lastGoodIndex(), audit.commitIndex(), snapshot);
        spec.commandLine().getErr().println("wrote " + repaired + ", last entry " + last + (last < audit.commitIndex()
                ? ": COMMITTED ENTRIES " + (last + 1) + " TO " + audit.commitIndex() + " ARE NOT IN IT" : ""));
    }

    private void tell(Violation violation) {
        if (++violations > MAX_TOLD || lines.isBroken()) {
            return;
        }
        if (json) {
            lines.add("{\"rule\":\"").add(violation.rule()).add("\",\"file\":\"").add(EntryJson.quoted(violation.file().toString()))
                    .add("\",\"offset\":").add(violation.offsetBytes()).add(",\"index\":").add(violation.index())
                    .add(",\"what\":\"").add(EntryJson.quoted(violation.what())).add("\"}").end();
        } else {
            lines.add(violation.rule()).column(18).add(violation.file().toString());
            if (violation.offsetBytes() >= 0) {
                lines.add(" at byte ").add(violation.offsetBytes());
            }
            lines.add(", entry ").add(violation.index()).add(": ").add(violation.what()).end();
        }
    }
}
