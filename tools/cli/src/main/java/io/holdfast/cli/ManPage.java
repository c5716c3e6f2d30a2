package io.holdfast.cli;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Owned by one thread: a command with all its subcommands as a manual page, in the macros of man(7). */
final class ManPage {
    private final CommandLine root;
    private final StringBuilder page = new StringBuilder();

    ManPage(CommandLine root) {
        this.root = root;
    }

    String text() throws IOException {
        CommandSpec top = root.getCommandSpec();
        String version = new HoldfastVersion().getVersion()[0];
        line(".TH " + top.name().toUpperCase(java.util.Locale.ROOT) + " 1 \"\" " + quoted(version) + " \"Holdfast manual\"");
        line(".SH NAME");
        line(escaped(top.name() + " - " + description(top)));
        line(".SH SYNOPSIS");
        line(".B " + escaped(top.name()));
        line("COMMAND [ARGUMENTS]");
        for (CommandLine command : leaves()) {
            command(command);
        }
        return page.toString();
    }

    /** Every command that does something, in the order declared. */
    private List<CommandLine> leaves() {
        List<CommandLine> leaves = new ArrayList<>();
        ArrayDeque<CommandLine> open = new ArrayDeque<>(root.getSubcommands().values());
        while (!open.isEmpty()) {
            CommandLine next = open.removeFirst();
            if (next.getSubcommands().isEmpty()) {
                leaves.add(next);
            } else {
                List<CommandLine> below = new ArrayList<>(next.getSubcommands().values());
                for (int i = below.size() - 1; i >= 0; i--) {
                    open.addFirst(below.get(i));
                }
            }
        }
        return leaves;
    }

    private void command(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        line(".SH " + quoted(spec.qualifiedName()));
        line(escaped(description(spec)));
        line(".PP");
        line(".nf");
        line(escaped(command.getHelp().fullSynopsis().replace("Usage: ", "").strip()));
        line(".fi");
        for (PositionalParamSpec parameter : spec.positionalParameters()) {
            argument("\\fI" + escaped(parameter.paramLabel()) + "\\fR", parameter);
        }
        for (OptionSpec option : spec.options()) {
            if (!option.hidden() && !option.usageHelp() && !option.versionHelp()) {
                argument("\\fB" + escaped(String.join(", ", option.names())) + "\\fR"
                        + (option.arity().max() > 0 ? " \\fI" + escaped(option.paramLabel()) + "\\fR" : ""), option);
            }
        }
        footer(spec);
    }

    private void argument(String title, ArgSpec argument) {
        line(".TP");
        line(title);
        line(escaped(String.join(" ", Arrays.stream(argument.renderedDescription()).toList())));
    }

    /** Examples and exit codes keep their lines. */
    private void footer(CommandSpec spec) {
        String[] lines = spec.usageMessage().footer();
        if (lines.length == 0) {
            return;
        }
        line(".PP");
        line(".nf");
        for (String each : lines) {
            String rendered = Help.Ansi.OFF.string(each);
            line(rendered.isEmpty() ? ".sp" : escaped(rendered));
        }
        line(".fi");
    }

    private static String description(CommandSpec spec) {
        return String.join(" ", Arrays.stream(spec.usageMessage().description()).map(String::formatted).toList());
    }

    private void line(String text) {
        page.append(text).append('\n');
    }

    private static String quoted(String text) {
        return "\"" + escaped(text).replace("\"", "\\(dq") + "\"";
    }

    /** What roff would take for its own: a backslash, a hyphen that is to stay one, and a dot or quote at the beginning of a line. */
    private static String escaped(String text) {
        String plain = text.replace("\\", "\\e").replace("-", "\\-");
        StringBuilder lines = new StringBuilder();
        for (String each : plain.split("\n", -1)) {
            lines.append(lines.isEmpty() ? "" : "\n").append(each.startsWith(".") || each.startsWith("'") ? "\\&" : "").append(each);
        }
        return lines.toString();
    }
}
