package io.holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Names the version this was built as, the Java it runs on and the kernel under it. Has no state. */
public final class HoldfastVersion implements IVersionProvider {

    @Override
    public String[] getVersion() throws IOException {
        Properties built = new Properties();
        try (InputStream in = HoldfastVersion.class.getResourceAsStream("version.properties")) {
            built.load(in);
        }
        return new String[] {
            "holdfast " + built.getProperty("version"),
            "Java " + Runtime.version(),
            System.getProperty("os.name") + " " + System.getProperty("os.version"),
        };
    }
}
