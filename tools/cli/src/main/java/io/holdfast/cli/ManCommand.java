package io.holdfast.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code holdfast man}: the manual page, made from what the commands declare about themselves. */
@Command(name = "man", mixinStandardHelpOptions = true, description = "Print the manual page of all commands.",
        footer = {"", "Examples:", "  holdfast man | man -l -", "  holdfast man > /usr/local/share/man/man1/holdfast.1",
                "", "Exit code 0: printed. 2: wrong arguments."})
final class ManCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        spec.commandLine().getOut().print(new ManPage(spec.root().commandLine()).text());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
