package io.holdfast.consensus.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Key files: made, read, refused, exchanged. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ClusterKeyTest {
    @TempDir
    Path directory;

    @Test
    void aNewKeyIsItsOwnersAloneAndIsReadAgain() throws Exception {
        Path file = directory.resolve("cluster.key");
        String fingerprint = ClusterKey.generate(file).fingerprint();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
        assertThat(Files.readString(file)).contains(fingerprint);
        assertThat(ClusterKey.read(file).fingerprint()).isEqualTo(fingerprint).matches("[0-9a-f]{16}");
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> ClusterKey.generate(file)).isInstanceOf(KeyFileException.class).hasMessageContaining("exists already");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        assertThat(ClusterKey.generate(directory.resolve("other.key")).fingerprint()).isNotEqualTo(fingerprint);
    }

    @Test
    void otherToolsReadItAndAKeyOfTheirsWorks() throws Exception {
        Path file = directory.resolve("cluster.key");
        ClusterKey.generate(file);
        assertThat(openssl("x509", "-noout", "-text", "-in", file.toString())).contains("Subject: CN = holdfast cluster")
                .contains("Dec 31 23:59:59 9999").contains("prime256v1");
        assertThat(openssl("verify", "-CAfile", file.toString(), file.toString())).contains("OK");

        Path theirs = directory.resolve("theirs.key");
        Path certificate = directory.resolve("theirs.crt");
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-days", "1", "-keyout", theirs.toString(),
                "-out", certificate.toString());
        Files.writeString(theirs, Files.readString(theirs) + Files.readString(certificate));
        ClusterTraffic traffic = ClusterTraffic.closedBy(ClusterKey.read(theirs));
        shakeHands(traffic, traffic);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw-rw----", "rw---x---"})
    void aFileThatOthersMayUseIsRefused(String permissions) throws Exception {
        Path file = directory.resolve("cluster.key");
        ClusterKey.generate(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        assertThatThrownBy(() -> ClusterKey.read(file)).isInstanceOf(KeyFileException.class)
                .hasMessageContaining(file + " may be used by others").hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void whatIsMissingOrDamagedIsSaid() throws Exception {
        Path file = directory.resolve("cluster.key");
        assertThatThrownBy(() -> ClusterKey.read(file)).hasMessageContaining(file + " is missing").hasMessageContaining("keygen");
        assertThatThrownBy(() -> ClusterKey.read(directory)).isInstanceOf(KeyFileException.class);
        ClusterKey.generate(file);
        String whole = Files.readString(file);
        refused("", "no whole PRIVATE KEY");
        refused("node: n1\n", "no whole PRIVATE KEY");
        refused(whole.substring(whole.indexOf("-----BEGIN CERTIFICATE")), "no whole PRIVATE KEY");
        refused(whole.substring(0, whole.indexOf("-----BEGIN CERTIFICATE")), "no whole CERTIFICATE");
        refused(whole.substring(0, whole.length() - 30), "no whole CERTIFICATE");
        refused(whole.replaceFirst("KEY-----\n..", "KEY-----\nM*"), "PRIVATE KEY block is damaged");
        refused(whole.replaceFirst("KEY-----\n..", "KEY-----\nXX"), "PRIVATE KEY block does not fit");
        refused(whole.replaceFirst("CERTIFICATE-----\n..", "CERTIFICATE-----\nXX"), "CERTIFICATE block is damaged");
        refused(whole.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "'ENCRYPTED PRIVATE KEY'");
        ClusterKey.generate(directory.resolve("other.key"));
        String other = Files.readString(directory.resolve("other.key"));
        refused(whole.substring(0, whole.indexOf("-----BEGIN CERTIFICATE")) + certificateIn(other), "another private key");
        refused(whole + other, "two private keys");
    }

    private void refused(String content, String why) throws IOException {
        Path file = directory.resolve("cluster.key");
        Files.writeString(file, content);
        assertThatThrownBy(() -> ClusterKey.read(file)).as(content).isInstanceOf(KeyFileException.class)
                .hasMessageContaining(file.toString()).hasMessageContaining(why);
    }

    /** As docs/operations.md has it: at each step nodes of the one before and of this one understand each other. */
    @Test
    void keysAreExchangedNodeByNode() throws Exception {
        Path oldFile = directory.resolve("old.key");
        Path newFile = directory.resolve("new.key");
        ClusterKey.generate(oldFile);
        ClusterKey.generate(newFile);
        ClusterTraffic oldAlone = ClusterTraffic.closedBy(ClusterKey.read(oldFile));
        ClusterTraffic newAlone = ClusterTraffic.closedBy(ClusterKey.read(newFile));
        ClusterTraffic oldAcceptsNew = extended(oldFile, newFile);
        ClusterTraffic newAcceptsOld = extended(newFile, oldFile);
        shakeHands(oldAlone, oldAcceptsNew);
        shakeHands(oldAcceptsNew, newAcceptsOld);
        shakeHands(newAcceptsOld, newAlone);
        assertThatThrownBy(() -> shakeHands(oldAlone, newAlone)).isInstanceOf(SSLException.class).hasMessageContaining("another key");
        assertThatThrownBy(() -> shakeHands(oldAlone, newAcceptsOld)).isInstanceOf(SSLException.class)
                .hasMessageContaining("another key");
    }

    private ClusterTraffic extended(Path key, Path by) throws IOException {
        Path file = directory.resolve("extended-" + key.getFileName());
        Files.copy(key, file, StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(file, Files.readString(key) + certificateIn(Files.readString(by)));
        return ClusterTraffic.closedBy(ClusterKey.read(file));
    }

    private static String certificateIn(String file) {
        return file.substring(file.indexOf("-----BEGIN CERTIFICATE"));
    }

    /** Both ends in one thread; throws what the first of them throws. */
    static void shakeHands(ClusterTraffic dialing, ClusterTraffic accepting) throws SSLException {
        SSLEngine one = dialing.engine(true);
        SSLEngine other = accepting.engine(false);
        ByteBuffer there = ByteBuffer.allocate(1 << 16);
        ByteBuffer back = ByteBuffer.allocate(1 << 16);
        one.beginHandshake();
        other.beginHandshake();
        int steps = 0;
        while (one.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING
                || other.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
            step(one, there, back);
            step(other, back, there);
            assertThat(steps++).as("steps").isLessThan(1_000);
        }
        assertThat(one.getSession().getProtocol()).isEqualTo("TLSv1.3");
        assertThat(other.getSession().getPeerPrincipal()).isNotNull();
    }

    private static void step(SSLEngine engine, ByteBuffer out, ByteBuffer in) throws SSLException {
        switch (engine.getHandshakeStatus()) {
            case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), out);
            case NEED_TASK -> engine.getDelegatedTask().run();
            default -> {
                in.flip();
                if (in.hasRemaining()) {
                    engine.unwrap(in, ByteBuffer.allocate(1 << 16));
                }
                in.compact();
            }
        }
    }

    private static String openssl(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
