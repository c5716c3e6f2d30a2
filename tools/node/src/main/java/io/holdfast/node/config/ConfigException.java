package io.holdfast.node.config;

import java.nio.file.Path;
import java.util.List;

/** A configuration file that cannot be used; one problem a line, each with the place in the file. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final List<String> problems;

    public ConfigException(Path file, List<String> problems) {
        super(file + ": " + String.join("\n" + file + ": ", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
