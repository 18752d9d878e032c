"""All planted faults: one line of the engine each, replaced as somebody might get it wrong."""

from tests.property import faults_in_time, faults_in_words

FAULTS = (*faults_in_time.PLANTED, *faults_in_words.PLANTED)
