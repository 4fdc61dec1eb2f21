/** The controller: decides every change of the metadata. */
export {}
