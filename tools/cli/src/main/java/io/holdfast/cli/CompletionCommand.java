package io.holdfast.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast completion}: the script with which a shell completes the other commands, made from what they declare. */
@Command(name = "completion", mixinStandardHelpOptions = true, description = "Print a completion script for a shell.",
        footer = {"", "Examples:", "  source <(holdfast completion bash)", "  source <(holdfast completion zsh)",
            "", "Exit code 0: printed. 2: wrong arguments."})
final class CompletionCommand implements Runnable {
    /** The shells there is a script for; it is one script, and zsh reads it through its bashcompinit. */
    enum Shell {
        /** GNU bash 4 or newer. */
        bash,
        /** zsh 5 or newer. */
        zsh
    }

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
    private Shell shell;

    @Override
    public void run() {
        String script = AutoComplete.bash("holdfast", spec.root().commandLine());
        spec.commandLine().getOut().print(script);
        spec.commandLine().getOut().flush();
    }
}
