package io.holdfast.consensus.security;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Immutable, any thread: the key that all nodes of a cluster share, from a file of PEM blocks (RFC 7468): a private key,
 * its self-signed certificate, and behind it certificates of other keys that are accepted too while keys are exchanged.
 *
 * <p>Dates, names and extensions of the certificates mean nothing: a peer is let in if it proves to hold the private
 * key of one of them.
 */
public final class ClusterKey {
    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s(.*?)-----END \\1-----", Pattern.DOTALL);
    private static final long MAX_FILE_BYTES = 1 << 20;
    private static final int FINGERPRINT_BYTES = 8;

    private final PrivateKey privateKey;
    private final List<X509Certificate> certificates;

    private ClusterKey(PrivateKey privateKey, List<X509Certificate> certificates) {
        this.privateKey = privateKey;
        this.certificates = List.copyOf(certificates);
    }

    /**
     * Makes a key and writes it to a new file that nobody but its owner can read.
     *
     * @throws KeyFileException when the file exists already or cannot be written
     */
    public static ClusterKey generate(Path file) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            X509Certificate certificate = SelfSigned.of(keys, "holdfast cluster", ZonedDateTime.now(ZoneOffset.UTC));
            ClusterKey key = new ClusterKey(keys.getPrivate(), List.of(certificate));
            write(file, "Holdfast cluster key " + key.fingerprint() + ": whoever can read it can do all that a node can.\n"
                    + pem("PRIVATE KEY", keys.getPrivate().getEncoded()) + pem("CERTIFICATE", certificate.getEncoded()));
            return key;
        } catch (FileAlreadyExistsException e) {
            throw new KeyFileException(file, "exists already and is left as it is", e);
        } catch (IOException e) {
            throw new KeyFileException(file, "cannot be written: " + e, e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot make a key: " + e, e);
        }
    }

    private static void write(Path file, String text) throws IOException {
        Set<PosixFilePermission> ownerAlone = PosixFilePermissions.fromString("rw-------");
        if (file.getParent() != null) {
            Files.createDirectories(file.getParent());
        }
        try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(ownerAlone))) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static String pem(String label, byte[] bytes) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
                + "\n-----END " + label + "-----\n";
    }

    /**
     * Reads a key file.
     *
     * @throws KeyFileException when it is missing, unreadable, malformed, or can be read by others than its owner
     */
    public static ClusterKey read(Path file) {
        try {
            requirePrivate(file);
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new KeyFileException(file, "is no key file: it has " + Files.size(file) + " bytes");
            }
            return parse(file, Files.readString(file, StandardCharsets.ISO_8859_1));
        } catch (NoSuchFileException e) {
            throw new KeyFileException(file, "is missing. All nodes of a cluster, and whoever asks them, need the same: copy it"
                    + " from a node, or make one for a new cluster with 'holdfast keygen " + file + "'", e);
        } catch (IOException e) {
            throw new KeyFileException(file, "cannot be read: " + e, e);
        }
    }

    /** As ssh does with its keys: what others could read or replace is no secret. */
    private static void requirePrivate(Path file) throws IOException {
        Set<PosixFilePermission> permissions = new HashSet<>(Files.getPosixFilePermissions(file));
        permissions.removeAll(PosixFilePermissions.fromString("rwx------"));
        if (!permissions.isEmpty()) {
            throw new KeyFileException(file, "may be used by others than its owner ("
                    + PosixFilePermissions.toString(Files.getPosixFilePermissions(file)) + "): 'chmod 600 " + file + "'");
        }
        Object owner = Files.getAttribute(file, "unix:uid");
        if (!owner.equals(0) && !owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
            throw new KeyFileException(file, "belongs to user " + owner + ", not to the one that runs this process");
        }
    }

    private static ClusterKey parse(Path file, String text) {
        PKCS8EncodedKeySpec secret = null;
        List<X509Certificate> certificates = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(text);
        while (blocks.find()) {
            byte[] content = decode(file, blocks.group(1), blocks.group(2));
            switch (blocks.group(1)) {
                case "PRIVATE KEY" -> {
                    if (secret != null) {
                        throw new KeyFileException(file, "holds two private keys");
                    }
                    secret = new PKCS8EncodedKeySpec(content);
                }
                case "CERTIFICATE" -> certificates.add(certificate(file, content));
                default -> throw new KeyFileException(file, "holds a block '" + blocks.group(1)
                        + "'; PRIVATE KEY (PKCS #8, not encrypted) and CERTIFICATE are known");
            }
        }
        if (secret == null || certificates.isEmpty()) {
            throw new KeyFileException(file, "is malformed: it holds no whole " + (secret == null ? "PRIVATE KEY" : "CERTIFICATE")
                    + " block");
        }
        return new ClusterKey(matching(file, secret, certificates.get(0).getPublicKey()), certificates);
    }

    private static byte[] decode(Path file, String label, String base64) {
        try {
            return Base64.getDecoder().decode(base64.replaceAll("\\s", ""));
        } catch (IllegalArgumentException e) {
            throw new KeyFileException(file, "is malformed: the " + label + " block is damaged: " + e.getMessage(), e);
        }
    }

    private static X509Certificate certificate(Path file, byte[] content) {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(content));
        } catch (GeneralSecurityException e) {
            throw new KeyFileException(file, "is malformed: a CERTIFICATE block is damaged: " + e.getMessage(), e);
        }
    }

    /** The private key, if it belongs to this public one. */
    private static PrivateKey matching(Path file, PKCS8EncodedKeySpec secret, PublicKey known) {
        try {
            PrivateKey key = KeyFactory.getInstance(known.getAlgorithm()).generatePrivate(secret);
            Signature signature = Signature.getInstance(switch (known.getAlgorithm()) {
                case "EC" -> "SHA256withECDSA";
                case "RSA" -> "SHA256withRSA";
                default -> known.getAlgorithm();
            });
            byte[] probe = {1, 2, 3};
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(known);
            signature.update(probe);
            if (!signature.verify(signed)) {
                throw new KeyFileException(file, "is malformed: the first certificate belongs to another private key");
            }
            return key;
        } catch (GeneralSecurityException e) {
            throw new KeyFileException(file, "is malformed: the PRIVATE KEY block does not fit the first certificate: "
                    + e.getMessage(), e);
        }
    }

    PrivateKey privateKey() {
        return privateKey;
    }

    /** The own one first. */
    List<X509Certificate> certificates() {
        return certificates;
    }

    /** What tells this key from others, for logs: no secret. */
    public String fingerprint() {
        return fingerprint(certificates.get(0).getPublicKey());
    }

    static String fingerprint(PublicKey key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getEncoded());
            return HexFormat.of().formatHex(digest, 0, FINGERPRINT_BYTES);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
