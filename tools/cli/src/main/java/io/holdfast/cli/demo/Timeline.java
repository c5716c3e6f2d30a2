package io.holdfast.cli.demo;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Prints what happens as it happens: time since the start, the cluster's side, and beside it what the client sees at
 * that moment. Any thread may print; lines never mix.
 */
final class Timeline {

    /** How a line looks on a terminal; elsewhere all look the same. */
    enum Tone {
        /** The cluster's ordinary business. */
        PLAIN("0"),
        /** What the demo itself does. */
        STEP("1"),
        /** Something is damaged on purpose, or went wrong. */
        ALARM("1;31"),
        /** Something is well again. */
        GOOD("1;32"),
        /** What only the client sees. */
        CLIENT("36");

        private final String code;

        Tone(String code) {
            this.code = code;
        }
    }

    private static final int CLUSTER_COLUMN_WIDTH = 84;

    private final PrintWriter out;
    private final boolean colours;
    private final long startNanos;
    /** System.nanoTime() of the epoch; good for as long as nobody sets the clock. */
    private final long epochNanos = System.nanoTime() - System.currentTimeMillis() * 1_000_000;
    private Supplier<String> clientColumn = () -> "";

    Timeline(PrintWriter out, boolean colours, long startNanos) {
        this.out = out;
        this.colours = colours;
        this.startNanos = startNanos;
    }

    /** True when a person looks at a terminal that shows colours (and does not object: no-color.org). */
    static boolean coloursWanted() {
        String terminal = System.getenv("TERM");
        return System.console() != null && System.getenv("NO_COLOR") == null && terminal != null
                && !terminal.equals("dumb");
    }

    /** From now on every line carries what {@code column} says. */
    synchronized void showClient(Supplier<String> column) {
        clientColumn = column;
    }

    void print(Tone tone, String text) {
        print(tone, System.nanoTime(), text);
    }

    /** Prints something that happened at {@code atNanos} (System.nanoTime()). */
    synchronized void print(Tone tone, long atNanos, String text) {
        String time = String.format(Locale.ROOT, "%8.3f s  ", (atNanos - startNanos) / 1e9);
        String client = clientColumn.get();
        String padded = client.isEmpty() ? text : String.format("%-" + CLUSTER_COLUMN_WIDTH + "s", text);
        out.println(time + painted(tone, padded) + (client.isEmpty() ? "" : painted(Tone.CLIENT, " | " + client)));
        out.flush();
    }

    /** Prints something that happened at a time of the wall clock, as nodes tell it. */
    void printAtEpochMillis(Tone tone, long epochMillis, String text) {
        print(tone, epochNanos + epochMillis * 1_000_000, text);
    }

    /** Prints text that has no time. */
    synchronized void plain(Tone tone, String text) {
        out.println(painted(tone, text));
        out.flush();
    }

    private String painted(Tone tone, String text) {
        return colours && tone != Tone.PLAIN ? "\033[" + tone.code + "m" + text + "\033[0m" : text;
    }
}
