# A member moved a message to Junk.
require ["copy", "vnd.dovecot.pipe"];
pipe :copy :try "hameau-words" ["/var/lib/hameau/mail", "62010", "spam"];
