package io.holdfast.cli.inspect.diff;

import static io.holdfast.cli.inspect.JournalOf.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cli.inspect.JournalOf;
import io.holdfast.journal.EntryKind;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffCommandTest {
    @TempDir
    Path top;

    /** Entries 1 to 5 of term 1, then these of term 2. */
    private String journal(String name, long committed, String... more) {
        Path dir = top.resolve(name);
        try (JournalOf journal = new JournalOf(dir)) {
            for (int i = 1; i <= 5; i++) {
                journal.append(EntryKind.EVENT, "{\"n\":" + i + "}");
            }
            journal.term = 2;
            for (String each : more) {
                journal.append(EntryKind.EVENT, each);
            }
            journal.journal().commitIndex(committed);
        }
        return dir.toString();
    }

    @Test
    void theSameIsTheSame() {
        JournalOf.Answer answer = ask("diff", journal("a", 5, "x"), journal("b", 6, "x"), journal("c", 6, "x"));
        assertThat(answer.exitCode()).isZero();
        assertThat(answer.out()).startsWith("the same from entry 1 to 6, the last all hold").contains("committed to 5");
    }

    @Test
    void oneMayBeShorter() {
        JournalOf.Answer answer = ask("diff", journal("a", 5, "x", "y"), journal("b", 5));
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.out()).startsWith("the same from entry 1 to 5").contains("2 more than the shortest");
        assertThat(ask("diff", "--json", top.resolve("a").toString(), top.resolve("b").toString()).out()).contains("\"verdict\":\"LENGTH\"");
    }

    @Test
    void aTailThatWasOverruledIsNoCommittedDifference() {
        JournalOf.Answer answer = ask("diff", journal("a", 5, "mine"), journal("b", 6, "theirs"));
        assertThat(answer.exitCode()).isEqualTo(1);
        assertThat(answer.out()).startsWith("the same from entry 1 to 5").contains("1 entries differ").contains("mine").contains("theirs");
    }

    @Test
    void committedEntriesThatDifferAreTheLoudest() {
        JournalOf.Answer answer = ask("diff", journal("a", 6, "mine"), journal("b", 6, "theirs"), journal("c", 5));
        assertThat(answer.exitCode()).as("what all three hold is the same").isEqualTo(1);
        answer = ask("diff", top.resolve("a").toString(), top.resolve("b").toString());
        assertThat(answer.exitCode()).isEqualTo(3);
        assertThat(answer.out()).startsWith("COMMITTED ENTRIES DIFFER");
    }

    @Test
    void branchesThatWereCutAreListed() {
        String a = journal("a", 5, "x");
        Path dir = top.resolve("b");
        try (JournalOf journal = new JournalOf(dir)) {
            for (int i = 1; i <= 5; i++) {
                journal.append(EntryKind.EVENT, "{\"n\":" + i + "}");
            }
            journal.append(EntryKind.EVENT, "dead");
            journal.journal().cutTail(6);
            journal.term = 2;
            journal.later(0).append(EntryKind.EVENT, "x");
        }
        JournalOf.Answer answer = ask("diff", a, dir.toString());
        assertThat(answer.out()).contains("cut off: entries 6 to 6 of term 1");
    }

    @Test
    void whatCannotBeReadIsNoAnswer() throws Exception {
        assertThat(ask("diff", journal("a", 5), Files.createDirectory(top.resolve("none")).toString()).exitCode()).isEqualTo(2);
        assertThat(ask("diff", top.resolve("a").toString()).exitCode()).isEqualTo(2);
    }
}
