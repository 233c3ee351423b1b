package sample;

/** Its class file is taken away. */
public class Unknown implements java.io.Serializable {}
